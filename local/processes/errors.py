"""What can go wrong with the processes. Each message is for the operator and names the remedy."""


class EngineError(Exception):
    """Pagedesk cannot start or go on; print the message and exit with status 1."""


class ServerMissingError(EngineError):
    """A Temporal server can neither be found nor be had."""


class SourceUnavailableError(EngineError):
    """One way to get a server is closed; another may be open."""


class AlreadyRunningError(EngineError):
    """Another Pagedesk uses the same data directory."""


class PortTakenError(EngineError):
    """Another process listens on a port that Pagedesk needs."""


class ChildFailedError(EngineError):
    """A child process did not become ready, or keeps dying."""
