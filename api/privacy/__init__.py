"""Meta's data deletion callback."""
