"""What several features show or take."""
