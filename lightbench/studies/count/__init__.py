"""What networks cost, by every convention."""
