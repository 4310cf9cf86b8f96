"""Finds, builds and starts Temporal's servers, and keeps Pagedesk's processes running together."""
