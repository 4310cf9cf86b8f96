"""The survey page for customers, and the results."""
