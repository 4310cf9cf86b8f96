"""What files are taken and sent, and what they are called."""
