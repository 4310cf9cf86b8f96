"""The places of sealed secrets: what a value was encrypted for is bound into it (see `base.secrets`)."""


def access_token_place(page_id: str) -> str:
    """Where a page's access token lives."""
    return f"page:access_token:{page_id}"


def app_secret_place(account_id: str) -> str:
    """Where an account's app secret lives."""
    return f"account:app_secret:{account_id}"


def verify_token_place(account_id: str) -> str:
    """Where an account's verify token lives."""
    return f"account:verify_token:{account_id}"


def erased_person_place(erasure_id: str) -> str:
    """Where the ids of a person lie while their data is being erased."""
    return f"erasure:person:{erasure_id}"
