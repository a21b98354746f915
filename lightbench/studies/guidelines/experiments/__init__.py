"""The paper's guidelines as experiments: one file is one. Each has

``CLAIM``, a sentence that a device can bear out or not; ``ROW``, what its rows are headed;
``CHANNELS``, the sets of channels it comes in, by name; ``STRONGEST``, for each set the row that
breaks the guideline most, which the verdict is about; ``sweep(channels, width) -> Sweep``, whose
reference follows the guideline; ``BY_DEFAULT = False`` if it is measured only where it is named;
and, if it has a bound, ``bound(settings, positions)``, the least memory access of its multiply-adds
in elements.
"""
