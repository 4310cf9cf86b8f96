"""What activities share: heartbeats, Temporal's time, a page's credentials."""
