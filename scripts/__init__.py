"""Makers of generated pages and pictures."""
