"""The HTTP API: Meta's webhooks, agents' and administrators' REST, the event stream, the survey page."""
