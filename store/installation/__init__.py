"""What concerns the installation as a whole."""
