"""The durable inbox: writing, reading, waking who reads."""
