"""Workstreams, and what is set for them."""
