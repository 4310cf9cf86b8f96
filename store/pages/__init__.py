"""Accounts, pages, and how they stand."""
