"""The names and texts of surveys."""
