"""What every process needs and no rule depends on: settings, clock, logs, ids, encryption."""
