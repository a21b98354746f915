"""Child processes: how they are started, asked, ended, and what they run."""
