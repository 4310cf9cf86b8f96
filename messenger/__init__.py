"""The Messenger Platform: webhooks, the Graph API, files."""
