"""Customers and their threads."""
