"""A simulated day of a desk, with real processes that are killed on the way: `make day`."""
