"""The setting of a network's builder, as its width, with which it has so many multiply-adds or parameters."""
