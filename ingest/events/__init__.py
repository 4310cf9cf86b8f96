"""What each webhook event does to the store, and what its workflow is told."""
