"""Conversations, their timeline, and what agents do with them."""
