"""Files on Meta's hosts."""
