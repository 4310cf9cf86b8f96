"""Meta's deliveries: signature, events, the catalogue of their kinds."""
