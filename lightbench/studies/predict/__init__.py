"""What a trained network sees in images: classes and probabilities."""
