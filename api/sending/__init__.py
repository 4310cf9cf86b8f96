"""Replies, held messages and sender actions."""
