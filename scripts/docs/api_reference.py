"""Makes `docs/openapi.json` and `docs/problems.md`."""

import orjson

from api.app import create_app
from api.http.problems import PROBLEMS, problem_type
from base.settings import Settings

_INTRODUCTION = """\
# Problems

Every error is a problem document by RFC 9457 (`application/problem+json`) with a stable `code`. `type` is the
code as a name (`{example}`), `detail` says what happened this time. Some codes add members: `errors` says
where a request is not valid, `allowed_commands` lists the commands that are possible, `window` is the
messaging window that forbids a send, `conversation_status`, `conversations`, `page_ids` and `workstream_ids`
name what stands in the way, and `limit` says how many there may be. What a problem is about is named by its
id: a 404 has `resource` and `id`, a conflict `conversation_id`, `agent_id` (who has it), `account_id` and so
on; `current_conversation_id` is the one that the customer has now.

This page is made from `api/http/problems.py` by `make docs`.

| code | status | title | what to do |
|---|---|---|---|
"""


def openapi_document() -> str:
    """The OpenAPI document as it is committed."""
    document = create_app(Settings()).openapi()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def problems_document() -> str:
    """The table of problems as it is committed."""
    rows = (
        f"| `{code}` | {kind.status} | {kind.title} | {kind.remedy} |\n" for code, kind in PROBLEMS.items()
    )
    return _INTRODUCTION.format(example=problem_type("not_found")) + "".join(rows)
