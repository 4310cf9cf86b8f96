"""The picture of a conversation's states, drawn from the table of transitions."""

from dataclasses import dataclass

from domain.conversations.lifecycle import (
    TRANSITIONS,
    WITHOUT_CAUSE,
    ActorKind,
    Status,
    Transition,
    Trigger,
)
from scripts.docs.drawing import FAINT, INK, arrow, drawing, element, words

_WIDTH, _HEIGHT = 1240, 960
_BOX = (150.0, 64.0)

WORDS: dict[Trigger, str] = {
    Trigger.CUSTOMER_MESSAGE: "customer writes",
    Trigger.CUSTOMER_RETURNED: "customer writes, may be reopened",
    Trigger.HANDED_OVER: "handed over to us",
    Trigger.START: "start",
    Trigger.PICK: "pick",
    Trigger.CLOSE_SESSION: "close-session",
    Trigger.REOPEN: "reopen",
    Trigger.RELEASE: "release",
    Trigger.END: "end",
    Trigger.COMPLETE: "complete",
    Trigger.FORCE_CLOSE: "force-close",
    Trigger.IDLE_TOO_LONG: "idle for 30 days",
    Trigger.WAITING_TOO_LONG: "waiting for too long",
    Trigger.WRAP_UP_TOO_LONG: "1 day over",
    Trigger.RULE_CLOSES: "time-out rule",
    Trigger.RULE_MOVES_TO_WAITING: "time-out rule",
    Trigger.RULE_RETURNS_TO_QUEUE: "time-out rule",
    Trigger.PUSH: "push",
    Trigger.ASSIGN: "assign",
    Trigger.ASSIGN_TO_QUEUE: "assign to queue",
    Trigger.OVERFLOW_TO_QUEUE: "overflow to queue",
    Trigger.ACCEPT: "accept",
    Trigger.AUTO_ASSIGN: "assigned when time is up",
    Trigger.TRANSFER: "transfer",
    Trigger.TRANSFER_TO_QUEUE: "transfer to queue",
    Trigger.DECLINE: "decline",
    Trigger.NOTIFICATION_TIMED_OUT: "not accepted in time",
    Trigger.AGENT_DISCONNECTED: "agent disconnected",
    Trigger.AGENT_DISCONNECTED_IDLE: "agent disconnected",
    Trigger.BOT_ESCALATES: "bot escalates",
    Trigger.BOT_ENDS: "bot ends",
    Trigger.OVERFLOW: "overflow",
    Trigger.QUEUE_WITHOUT_AGENTS: "queue without agents",
}

_COLOURS = {
    ActorKind.CUSTOMER: "#0b6bcb",
    ActorKind.AGENT: "#1a7f37",
    ActorKind.SUPERVISOR: "#8250df",
    ActorKind.BOT: "#9a6700",
    ActorKind.SYSTEM: "#b42318",
}
_PLACES = {
    Status.OPEN: (170, 300),
    Status.ACTIVE: (600, 300),
    Status.WRAP_UP: (1060, 300),
    Status.WAITING: (385, 560),
    Status.CLOSED: (1060, 640),
}
_NOTES = {
    Status.OPEN: "in a queue, nobody's",
    Status.ACTIVE: "an agent's session",
    Status.WRAP_UP: "ended; notes",
    Status.WAITING: "session closed, not ended",
    Status.CLOSED: "final, or reopened in time",
}


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where an arrow runs, and where its words begin."""

    path: str
    x: float
    y: float
    anchor: str = "start"


_EDGES: dict[tuple[Status | None, Status], _Edge] = {
    (None, Status.OPEN): _Edge("M36,300 L93,300", 20, 250),
    (None, Status.ACTIVE): _Edge("M600,166 L600,266", 612, 186),
    (Status.OPEN, Status.OPEN): _Edge("M130,268 C110,205 200,205 185,266", 60, 190),
    (Status.OPEN, Status.ACTIVE): _Edge("M246,286 L522,286", 384, 238, "middle"),
    (Status.ACTIVE, Status.OPEN): _Edge("M524,314 L250,314", 384, 336, "middle"),
    (Status.ACTIVE, Status.ACTIVE): _Edge("M640,268 C650,205 730,215 677,280", 716, 232),
    (Status.ACTIVE, Status.WRAP_UP): _Edge("M676,300 L982,300", 850, 290, "middle"),
    (Status.ACTIVE, Status.WAITING): _Edge("M560,333 C545,430 500,480 455,526", 514, 438, "end"),
    (Status.WAITING, Status.ACTIVE): _Edge("M461,548 C545,500 590,430 597,336", 592, 476),
    (Status.ACTIVE, Status.CLOSED): _Edge("M650,333 C720,470 850,590 982,624", 690, 558),
    (Status.CLOSED, Status.ACTIVE): _Edge("M1010,607 C930,520 780,430 672,334", 850, 440),
    (Status.WAITING, Status.OPEN): _Edge("M330,527 C250,460 200,410 186,335", 258, 456),
    (Status.WAITING, Status.CLOSED): _Edge("M461,580 C600,680 800,670 982,650", 600, 690),
    (Status.WRAP_UP, Status.CLOSED): _Edge("M1060,333 L1060,604", 1074, 440),
    (Status.WRAP_UP, Status.OPEN): _Edge("M1060,267 C1040,40 200,40 176,265", 600, 84, "middle"),
    (Status.OPEN, Status.CLOSED): _Edge("M140,333 C110,880 980,800 1034,675", 470, 790),
    (Status.CLOSED, Status.OPEN): _Edge("M1084,673 C1080,1000 20,1040 118,335", 560, 930, "middle"),
}


def picture() -> str:
    """The whole drawing."""
    parts = [
        element("circle", cx=30, cy=300, r=7, fill=INK),
        element("circle", cx=600, cy=160, r=7, fill=INK),
    ]
    for (source, target), edge in _EDGES.items():
        rows = [row for row in TRANSITIONS if (row.source, row.target) == (source, target)]
        parts.append(arrow(edge.path, dashed=all(_is_awaited(row) for row in rows)))
        parts.append(_labels(rows, edge))
    parts += [_state(status) for status in Status]
    parts.append(_legend())
    return drawing(_WIDTH, _HEIGHT, "The states of a conversation", parts)


def undrawn() -> set[tuple[Status | None, Status]]:
    """Transitions of the table that have no arrow, and arrows without a transition."""
    return {(row.source, row.target) for row in TRANSITIONS} ^ set(_EDGES)


def _is_awaited(row: Transition) -> bool:
    return row.trigger in WITHOUT_CAUSE


def _labels(rows: list[Transition], edge: _Edge) -> str:
    ordered = sorted(rows, key=_is_awaited)
    return "\n".join(
        words(
            edge.x,
            edge.y + 17 * number,
            WORDS[row.trigger],
            size=13.5,
            fill=_COLOURS[row.actor],
            anchor=edge.anchor,
            paint_order="stroke",
            stroke="#ffffff",
            stroke_width=4,
            font_style="italic" if _is_awaited(row) else "normal",
            opacity=0.75 if _is_awaited(row) else 1,
        )
        for number, row in enumerate(ordered)
    )


def _state(status: Status) -> str:
    x, y = _PLACES[status]
    width, height = _BOX
    box = element(
        "rect",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=12,
        fill="#eef2f7" if status is not Status.CLOSED else "#dde3ea",
        stroke=INK,
        stroke_width=1.8,
    )
    name = status.replace("_", "-").capitalize()
    title = words(x, y - 2, name, size=19, anchor="middle", font_weight="bold")
    return "\n".join(
        [box, title, words(x, y + 18, _NOTES[status], size=10.5, anchor="middle", fill="#52606d")]
    )


def _legend() -> str:
    parts = [
        words(20 + 118 * number, 30, actor.value, size=13.5, fill=colour, font_weight="bold")
        for number, (actor, colour) in enumerate(_COLOURS.items())
    ]
    awaited = "in italics, or dashed: comes with bots"
    parts.append(words(620, 30, awaited, size=13.5, fill=FAINT, font_style="italic"))
    return "\n".join(parts)
