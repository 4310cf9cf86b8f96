"""Finding, building and starting Temporal's servers."""
