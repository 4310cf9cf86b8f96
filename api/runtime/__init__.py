"""What lives as long as the process and is shared by endpoints: clients, limits, caches, watchers."""
