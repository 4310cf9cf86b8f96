"""From the inbox to Temporal: leases, order, signals."""
