"""Metrics: what is measured of conversations, offers, sessions and agents, and what follows from it."""
