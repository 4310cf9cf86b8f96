"""Rows of files, and where the files are."""
