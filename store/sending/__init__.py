"""Replies, and the gate and pace of a page."""
