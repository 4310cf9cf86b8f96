"""The word index."""
