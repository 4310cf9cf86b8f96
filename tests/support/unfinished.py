"""What a desk whose work does not end waits for, in words: each conversation, its queue, and who has it."""

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from support.staff import Member

_SHOWN = 5
"""Conversations, each with its newest events."""
_EVENTS = 8


async def describe_unfinished(
    api: httpx.AsyncClient,
    shown: Iterable[Mapping[str, Any]],
    staff: Mapping[str, Member],
    answers: Mapping[str, str],
) -> str:
    """A line for each conversation, and below the newest events of its timeline.

    `answers`: by conversation, the last command with what it was answered; by queue, the last pull likewise.
    """
    left = list(shown)
    lines = [f"{len(left)} conversations are not over"]
    for each in left[:_SHOWN]:
        queue = await _asked(api, f"/v1/queues/{each['queue_id']}/state")
        agent = staff.get(each["agent_id"] or "")
        lines += [
            "{id} is {status} {phase} since {status_changed_at} ({status_reason})".format_map(each),
            f"  session: {each['session']}, offered until {each['offer_expires_at']}",
            f"  last command: {answers.get(each['id'], 'none')}",
            f"  queue: {queue}; {answers.get(each['queue_id'], 'nobody pulled from it')}",
        ]
        if agent is not None:
            known = await _asked(api, f"/v1/agents/{agent.id}/presence")
            lines.append(f"  {agent.name}, {'there' if agent.is_there else 'not there'}: {known}")
        path = f"/v1/conversations/{each['id']}/timeline?limit=200"
        lines += [f"  {each}" for each in (await _asked(api, path)).get("items", [])[-_EVENTS:]]
    return "\n".join(lines)


def in_words(answer: httpx.Response | None) -> str:
    """A command's answer, as it is shown there."""
    return f"{answer.status_code} {answer.text[:300]}" if answer is not None else "no answer"


async def _asked(api: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """The answer, or why there is none: that belongs to the message too."""
    try:
        answer = await api.get(path)
        found: dict[str, Any] = answer.raise_for_status().json()
    except httpx.HTTPError as error:
        return {"error": repr(error)}
    return found
