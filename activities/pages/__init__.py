"""Checking, subscribing and leaving pages; reading what no webhook told; sending what was held."""
