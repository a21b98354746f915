"""What is shown, whatever it is written as: tables, sections of a report, remarks below them."""
