"""Where a network strains the four guidelines, and what that costs."""
