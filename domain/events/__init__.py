"""What is recorded as having happened."""
