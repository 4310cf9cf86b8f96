"""What lives as long as the process and endpoints are given: clients, limits, caches, watchers."""
