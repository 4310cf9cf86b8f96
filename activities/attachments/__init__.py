"""Fetching, checking and deleting files; uploading an agent's file to Meta."""
