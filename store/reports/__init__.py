"""What reports are made of, and the sums that are kept of it."""
