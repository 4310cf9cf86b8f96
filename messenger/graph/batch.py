"""A read whose parameters must not be in a URL: carried by a batch call, in the body of a POST.

Source: https://developers.facebook.com/docs/graph-api/batch-requests. The call is `POST /` with `batch`, an
array of calls; the answer is an array of `{"code": 200, "body": "<JSON as text>"}`, null in the place of a
call that was not finished.
"""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from messenger.graph.call import Access, GraphAnswer, GraphCaller, read_json


async def read_by_batch(
    caller: GraphCaller, path: str, access: Access, query: Mapping[str, str]
) -> GraphAnswer:
    """The answer to `GET path?query`, as if it had been made alone.

    Raises NothingWrittenError and AnswerLostError, as `GraphCaller.call` does.
    """
    # Meta's PHP SDK proves the batch and each call in it; which of the two Meta looks at is not documented.
    inner = {
        "method": "GET",
        "relative_url": f"{path}?{urlencode({**query, 'appsecret_proof': access.proof})}",
    }
    form = {"batch": json.dumps([inner]), "include_headers": "false"}
    answer = await caller.call("POST", "", access, form=form)
    return _only(answer)


def _only(answer: GraphAnswer) -> GraphAnswer:
    """The one call's own answer; the batch's where Meta refused that as a whole."""
    if not isinstance(answer.content, list):
        return answer
    first = answer.content[0] if answer.content else None
    if not isinstance(first, dict) or not isinstance(first.get("code"), int):
        return GraphAnswer(answer.status, None, answer.headers)
    return GraphAnswer(first["code"], read_json(str(first.get("body", "")).encode()), answer.headers)
