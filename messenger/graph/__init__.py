"""The Graph API: calls, errors, limits."""
