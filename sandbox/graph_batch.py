"""Batch calls: `POST /` with `batch`, an array of calls that are carried out one after the other.

Source: https://developers.facebook.com/docs/graph-api/batch-requests. A call inside a batch has the token of
the batch unless it names one itself. Not here: dependencies between calls (`name`, `depends_on`), files, and
JSON bodies.
"""

import itertools
import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from sandbox.answering import PLAIN
from sandbox.graph_call import VERSION, Call, Reply, reply
from sandbox.graph_errors import bad_parameter

MAX_CALLS = 50

Run = Callable[[Call], Awaitable[Reply]]


def is_batch(call: Call) -> bool:
    """Whether a call is to the root of the Graph API."""
    return call.method == "POST" and not call.node and not call.edge


async def batch(call: Call, numbers: "itertools.count[int]", run: Run) -> Reply:
    """The answers of all calls in their order, each with its body as JSON text.

    `run` records, authenticates and carries out one call, numbered by `numbers`. An answer inside that is
    late or lost makes the whole answer so.
    """
    wanted = call.json("batch")
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise bad_parameter("batch must be an array of objects")
    if not 0 < len(wanted) <= MAX_CALLS:
        raise bad_parameter(f"Maximum batch size is {MAX_CALLS}")
    replies = [await run(_inner(call, item, next(numbers))) for item in wanted]
    with_headers = call.text("include_headers") not in {"false", "False", "0"}
    given = reply([_shown(each, with_headers=with_headers) for each in replies])
    given.then = lambda: _finish(replies)
    given.manner = next((each.manner for each in replies if each.manner is not PLAIN), PLAIN)
    return given


def _finish(replies: list[Reply]) -> None:
    for each in replies:
        if each.then is not None:
            each.then()


def _inner(call: Call, item: dict[str, Any], number: int) -> Call:
    """One call of a batch, as if it had come alone."""
    url = urllib.parse.urlsplit(str(item.get("relative_url", "")))
    parts = urllib.parse.unquote(url.path).strip("/").split("/")
    if VERSION.match(parts[0]):
        del parts[0]
    inherited = ("access_token", "appsecret_proof")
    params: dict[str, Any] = {name: call.params[name] for name in inherited if name in call.params}
    for text in (url.query, str(item.get("body", ""))):
        params.update(urllib.parse.parse_qsl(text, keep_blank_values=True))
    return Call(
        number=number,
        method=str(item.get("method", "GET")).upper(),
        path="/" + "/".join(parts),
        node=parts[0] if parts else "",
        edge="/".join(parts[1:]),
        base_url=call.base_url,
        params=params,
        token=params.get("access_token", call.token),
        place="batch",
        proof="missing",
        size=len(orjson.dumps(item)),
    )


def _shown(given: Reply, *, with_headers: bool) -> dict[str, Any]:
    headers = [{"name": "Content-Type", "value": given.content_type}] if with_headers else None
    shown = {"code": given.status, "headers": headers, "body": given.body.decode("utf-8", "replace")}
    return {name: value for name, value in shown.items() if value is not None}
