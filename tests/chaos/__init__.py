"""Fault tests: real processes, killed at random or at named points, judged by ledgers outside of them."""
