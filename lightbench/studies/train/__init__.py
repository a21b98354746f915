"""Training: a network learns a data set, with the usual optimisers and schedules, resumable to the same weights."""
