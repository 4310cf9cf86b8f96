"""What endpoints of several features call: conversations' workflows through Temporal, and Meta."""
