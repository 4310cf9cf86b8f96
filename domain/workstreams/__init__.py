"""What is set for conversations, and the stock texts."""
