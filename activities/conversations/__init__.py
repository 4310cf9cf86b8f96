"""Loading and projecting the state of a thread."""
