"""The inbox as the relay sees it."""
