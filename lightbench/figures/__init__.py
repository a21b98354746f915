"""What figures share: style, labels, numbers, hover texts, and how one becomes a file."""
