"""What model formats share."""
