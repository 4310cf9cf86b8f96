"""Start and end of a process."""
