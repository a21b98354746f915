"""Two sides in two processes that hand a token to one another, for sides with other dependencies."""
