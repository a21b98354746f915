"""Parts of a report: one file is one part. Each has ``ORDER``, where it stands (a multiple of ten), and

``section(subject: Subject) -> Section | None``

which makes it from what the records hold, None if they hold nothing for it. The first line of its
docstring says what it is for.
"""
