"""Commands: one file is one command, imported when it is used."""
