"""Contacts: the people in the business's own books."""
