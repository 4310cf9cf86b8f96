"""People, keys, sign-ins and the audit log."""
