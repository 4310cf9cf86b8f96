"""How much a report may read."""

MAX_RECORDS = 100_000
"""Of each kind but messages. Microsoft's historical reports have the same limit."""
MAX_MESSAGES = 300_000
MAX_ROWS = 10_000
"""Lines of one report."""
