"""Recorded histories of every release, and what records and replays them."""
