"""Networks made into files for engines: made in a process of their own, kept, calibrated, written for others."""
