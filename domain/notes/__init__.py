"""Notes on a conversation, for colleagues alone."""
