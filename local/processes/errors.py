"""What can go wrong with the processes. Each message is for the operator and names the remedy."""


class LaunchError(Exception):
    """Pagedesk cannot start or go on; print the message and exit with status 1."""


class ServerMissingError(LaunchError):
    """A Temporal server can neither be found nor be had."""


class SourceUnavailableError(LaunchError):
    """One way to get a server is closed; another may be open."""


class AlreadyRunningError(LaunchError):
    """Another Pagedesk uses the same data directory."""


class PortTakenError(LaunchError):
    """Another process listens on a port that Pagedesk needs."""


class ChildFailedError(LaunchError):
    """A child process did not become ready, or keeps dying."""
