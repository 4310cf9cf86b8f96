"""The usage headers of the Graph API. Source: docs/reference/messenger-limits.md."""

import orjson

from sandbox.answering import Headers


def headers(page_id: str | None, percent: int, wait_minutes: int, names: list[str]) -> Headers:
    """Those named (`business`, `app`, `page`), all at this share; without a Page, that of the app alone."""
    counts = {"call_count": percent, "total_cputime": 0, "total_time": 0}
    business = {"type": "messenger", **counts, "estimated_time_to_regain_access": wait_minutes}
    found = {
        "app": (b"x-app-usage", counts),
        "page": (b"x-page-usage", counts),
        "business": (b"x-business-use-case-usage", {page_id: [business]}),
    }
    return [
        (name, orjson.dumps(value))
        for key, (name, value) in found.items()
        if key in names and (key == "app" or page_id is not None)
    ]
