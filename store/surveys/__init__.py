"""Surveys, answers and results."""
