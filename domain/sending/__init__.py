"""The messaging window, what may be sent in it, how fast, and what became of it."""
