"""What workflows have done for the sharing out of work."""
