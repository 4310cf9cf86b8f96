"""Thin durable shells around the rules of `domain`."""
