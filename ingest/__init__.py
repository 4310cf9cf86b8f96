"""The way in: durable inbox, event router, relay into Temporal."""
