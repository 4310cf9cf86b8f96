"""`--grown`: what lists, searches, threads and greetings cost on a desk that has grown."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.context import Bench, running_bench
from bench.grown_data import GROWN, SMALL, KeptDesk, desk_of
from bench.grown_rows import FIRST_NAME, RARE_WORD, Facts
from bench.plan import Plan
from bench.rows import Row, Target
from bench.sides import now_ms
from bench.wire import Server
from local.processes.progress import Progress

_KEPT = Path(".data/grown")
_TARGET = Target("≤", 3.0)
_SHOTS = 7
_GREETING = "new customer's message → greeting at the Graph API"


async def measure(directory: Path, plan: Plan, progress: Progress) -> list[Row]:
    """One row for each: the grown desk's median time of each round, and the small desk's."""
    times = {}
    for size in (SMALL, GROWN):
        progress.say(f"Making the {size.name} desk, if it is not kept in {_KEPT} …")
        desk = desk_of(size, _KEPT)
        async with running_bench(directory, plan, progress, desk) as bench:
            times[size.name] = await _times(bench, desk)
    return [
        Row(name, "ms", times[GROWN.name][name], times[SMALL.name][name], _TARGET)
        for name in times[SMALL.name]
    ]


async def _times(bench: Bench, desk: KeptDesk) -> dict[str, list[float]]:
    """Of each measure the median time of each round, in milliseconds."""
    api = Server(bench.stack.settings.port)
    headers = {"Authorization": f"Bearer {bench.stack.secrets.admin_token}"}
    paths = _paths(desk.facts)
    new = iter(await bench.customers.new(bench.plan.rounds * _SHOTS + 1))
    await bench.pagedesk.greeted(next(new))  # what is done once for a page is done
    times: dict[str, list[float]] = {name: [] for name in (*paths, _GREETING)}
    for _ in range(bench.plan.rounds):
        for name, path in paths.items():
            times[name].append(await _median_time(api, path, headers))
        times[_GREETING].append(median([await bench.pagedesk.greeted(next(new)) for _ in range(_SHOTS)]))
        await bench.store.quiet()
    return times


async def _median_time(api: Server, path: str, headers: Mapping[str, str]) -> float:
    taken = []
    for _ in range(_SHOTS):
        began = now_ms()
        await api.call("GET", path, headers=dict(headers))
        taken.append(now_ms() - began)
    return median(taken)


def _paths(facts: Facts) -> dict[str, str]:
    """What is asked for, by the name of the measure."""
    conversations, own, customers, surveys = (
        f"/v1/{name}" for name in ("conversations", "messages", "customers", "surveys")
    )
    longest = f"{conversations}/{facts.longest_conversation_id}"
    thread = f"{customers}/{facts.longest_customer_id}/messages"
    lists: dict[str, str] = {
        "conversations": conversations,
        "conversations: two statuses": f"{conversations}?status=open&status=active",
        "conversations: an agent's": f"{conversations}?agent_id={facts.agent_id}",
        "conversations: an agent's, two statuses": f"{conversations}?agent_id={facts.agent_id}"
        "&status=active&status=waiting",
        "conversations: a page's": f"{conversations}?page_id={facts.page_id}",
        "conversations: a customer's": f"{conversations}?customer_id={facts.customer_id}",
    }
    windows = ("standard", "human_agent", "closed", "closing_soon")
    lists |= {f"conversations: window {window}": f"{conversations}?window={window}" for window in windows}
    searches = {
        "of nothing": "qqqxyz",
        "of a rare word": RARE_WORD,
        "of a usual word": facts.usual,
        "of a frequent word": facts.frequent,
        "of a beginning": facts.frequent[:3],
        "of a name": FIRST_NAME,
    }
    lists |= {f"search {name}": f"{conversations}?q={words}" for name, words in searches.items()}
    lists |= {
        "customers": customers,
        "customers: by Meta's id": f"{customers}?psid={facts.psid}",
        "customers: by name": f"{customers}?q={FIRST_NAME}",
        "own messages, newest": f"{own}?order=newest",
        "own messages: failed": f"{own}?status=failed",
        "own messages: an agent's": f"{own}?agent_id={facts.agent_id}",
        "surveys": surveys,
        "surveys: a page's": f"{surveys}?page_id={facts.page_id}",
        "surveys: not allowed": f"{surveys}?status=not_allowed",
        "longest thread, newest": f"{thread}?order=newest",
        "longest thread, around its middle": f"{thread}?around={facts.middle_message_id}",
        "longest conversation, oldest": f"{longest}/messages",
        "longest timeline, newest": f"{longest}/timeline?order=newest",
        "one conversation": longest,
    }
    return lists


def result_of(rows: list[Row], head: dict[str, Any]) -> dict[str, Any]:
    """The result as its file keeps it."""
    sizes = {
        size.name: {
            "conversations": size.conversations,
            "customers": size.customers,
            "longest_thread": size.longest_thread,
        }
        for size in (SMALL, GROWN)
    }
    return head | {"sizes": sizes, "rows": [row.as_json() for row in rows]}
