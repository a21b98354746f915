"""What belongs to a process as a whole: its streams, its switches, the packages that it loads."""
