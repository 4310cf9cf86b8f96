"""Channels of the inbox that several rooms know by name."""

PAGEDESK_CHANNEL = "pagedesk"
"""Of what Pagedesk itself tells a thread. No event of a delivery has it."""
