"""People, keys, sign-ins, stored answers."""
