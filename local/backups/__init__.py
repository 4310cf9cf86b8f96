"""Backup and restore of an embedded installation."""
