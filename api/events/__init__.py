"""The event stream, and the webhook events that went to no thread."""
