"""The words of a text, and of a search."""
