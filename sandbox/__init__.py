"""A local Messenger: a separate fake of Meta's Messenger Platform with its own rules, clock and ledgers.

It imports nothing of Pagedesk and Pagedesk imports nothing of it. See `sandbox/README.md`.
"""
