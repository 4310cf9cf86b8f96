"""The `metadata` of each message that we send: a prefix and our message id. Meta returns it in the echo."""

_PREFIX = "pd1:"


def own_metadata(message_id: str) -> str:
    """What a message of ours carries."""
    return _PREFIX + message_id


def read_message_id(metadata: str | None) -> str | None:
    """The id of our message that an echo's metadata names; None where it is none of ours."""
    if metadata is None or not metadata.startswith(_PREFIX):
        return None
    return metadata.removeprefix(_PREFIX)
