"""The timeline of the messaging window: what may be sent when, and a conversation that lives through it."""

from scripts.docs.drawing import FAINT, INK, arrow, drawing, element, lines, words

_WIDTH, _HEIGHT = 1240, 640
_WROTE, _WARNED, _DAY, _WARNED_AGAIN, _WEEK = 250, 500, 580, 960, 1040
_END = 1200
"""Where the instants stand; the axis is not to scale."""

_OPEN, _TAGGED, _SHUT = "#cfe8d5", "#fbe3b5", "#eceff3"
_RED, _GREEN, _BLUE = "#b42318", "#1a7f37", "#0b6bcb"

_MARKS = (
    (_WROTE, "0 h", "customer writes", _BLUE),
    (_WARNED, "23 h", "warning", _RED),
    (_DAY, "24 h", "standard ends", _RED),
    (_WARNED_AGAIN, "6 d 23 h", "warning", _RED),
    (_WEEK, "7 d", "all closed", _RED),
)
_LANES = (
    ("agent without the tag", ((_WROTE, _DAY, "RESPONSE", _OPEN),)),
    ("agent with the tag", ((_WROTE, _DAY, "RESPONSE", _OPEN), (_DAY, _WEEK, "HUMAN_AGENT", _TAGGED))),
    ("automated message, bot", ((_WROTE, _DAY, "RESPONSE", _OPEN),)),
    ("survey by link or buttons", ((_WROTE, _DAY, "RESPONSE", _OPEN),)),
    (
        "survey by Meta's template",
        ((_WROTE, _DAY, "RESPONSE", _OPEN), (_DAY, _WEEK, "CUSTOMER_FEEDBACK", _TAGGED)),
    ),
)
_LIFE = (
    (_WROTE, "Open", ("greeting",), _BLUE),
    (310, "Active", ("pick, reply:", "session reads the tag"), _GREEN),
    (400, "Wrap-up", ("end",), _GREEN),
    (455, "", ("survey sent", "after its delay"), _RED),
    (540, "", ("reminder, while", "the window allows"), _RED),
    (700, "Closed", ("complete, or", "1 day after end"), _GREEN),
    (1140, "", ("survey expires", "7 days after", "it was sent"), _RED),
)
_REMARKS = (
    "Not to scale. Every new opening moves all of it; nothing shortens it.",
    "A reaction or an m.me link opens the 24 hours alone.",
    "Warnings go to the agent who owes an answer, 1 h before each end unless set otherwise.",
)


def picture() -> str:
    """The whole drawing."""
    parts = [
        words(20, 34, "What may be sent, after the customer's last message", size=18, font_weight="bold")
    ]
    parts += [_mark(*mark) for mark in _MARKS]
    for number, (who, spans) in enumerate(_LANES):
        parts.append(_lane(118 + 44 * number, who, spans))
    parts.append(_axis(350))
    parts.append(lines(20, 376, _REMARKS, size=12.5, fill=FAINT))
    parts.append(words(20, 450, "One conversation in that time", size=18, font_weight="bold"))
    parts.append(_life(490))
    return drawing(_WIDTH, _HEIGHT, "The messaging window and a conversation in it", parts)


def _mark(x: float, instant: str, text: str, colour: str) -> str:
    above = 66 if instant in ("23 h", "6 d 23 h") else 84
    anchor = "end" if instant in ("23 h", "6 d 23 h") else "start"
    line = element("line", x1=x, y1=92, x2=x, y2=350, stroke=colour, stroke_width=1.2, stroke_dasharray="3 4")
    beside = x - 6 if anchor == "start" else x + 6
    return line + "\n" + words(beside, above, f"{instant}: {text}", size=13, fill=colour, anchor=anchor)


def _lane(y: float, who: str, spans: tuple[tuple[float, float, str, str], ...]) -> str:
    parts = [
        words(236, y + 5, who, size=13.5, anchor="end"),
        element("rect", x=_WROTE, y=y - 15, width=_END - _WROTE, height=30, fill=_SHUT),
    ]
    for begin, end, text, colour in spans:
        parts.append(element("rect", x=begin, y=y - 15, width=end - begin, height=30, fill=colour))
        parts.append(words((begin + end) / 2, y + 5, text, size=12.5, anchor="middle"))
    last = spans[-1][1]
    refused = "refused" if last == _WEEK else "refused, and recorded as such"
    parts.append(words((last + _END) / 2, y + 5, refused, size=12.5, anchor="middle", fill=FAINT))
    return "\n".join(parts)


def _axis(y: float) -> str:
    return arrow(f"M{_WROTE},{y} L{_END},{y}", stroke=FAINT)


def _life(y: float) -> str:
    parts = [arrow(f"M{_WROTE},{y} L{_END},{y}")]
    for number, (x, status, texts, colour) in enumerate(_LIFE):
        parts.append(element("circle", cx=x, cy=y, r=6, fill=colour))
        if status:
            parts.append(words(x, y - 16, status, size=13.5, anchor="middle", font_weight="bold", fill=INK))
        below = y + (30, 82)[number % 2]
        parts.append(element("line", x1=x, y1=y + 8, x2=x, y2=below - 12, stroke=colour))
        parts.append(lines(x, below, texts, step=16, size=12, anchor="middle", fill=colour))
    return "\n".join(parts)
