"""Customers and their profiles."""
