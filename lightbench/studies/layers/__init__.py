"""Where the time of a call goes, operator by operator."""
