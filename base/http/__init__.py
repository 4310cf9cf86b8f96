"""The HTTP server, and who is on the other side of a connection."""
