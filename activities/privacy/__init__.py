"""Erasing a person; deleting what is older than it may be."""
