"""What each webhook event does to the store, and what it signals to its workflow."""
