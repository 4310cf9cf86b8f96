"""Conversations, messages, and the projection of a thread's state."""
