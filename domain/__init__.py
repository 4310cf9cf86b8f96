"""The pure rules: no clock, no I/O, no randomness, no framework."""
