"""A day as an SVG: who came, who waited, who talked, who was there, and what was killed."""

from collections.abc import Sequence
from datetime import timedelta

from day.story import Sample, Story

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 960, 360, 48, 28, 40
_FONT = 'font-family="sans-serif" font-size="12"'
_BAR = timedelta(minutes=10)
_LINES = (("waiting", "#c2410c"), ("talking", "#1d4ed8"), ("present", "#15803d"))
_NAMES = {"waiting": "wait", "talking": "with an agent", "present": "agents there"}


def draw_day(story: Story, hours: float) -> str:
    """The whole picture. Bars: customers in each ten minutes; dashed lines: kills."""
    most = max(
        [max(getattr(each, name) for name, _ in _LINES) for each in story.samples]
        + list(_arrivals(story.arrivals).values())
        + [1]
    )
    x_of = _Axis(_LEFT, _WIDTH - 12, hours)
    y_of = _Axis(_HEIGHT - _BOTTOM, _TOP, most)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        *_grid(x_of, y_of, hours, most),
        *_bars(story.arrivals, x_of, y_of),
        *(_kill(at, x_of) for at, _ in story.kills),
        *(_line(story.samples, name, color, x_of, y_of) for name, color in _LINES),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Axis:
    def __init__(self, first: float, last: float, most: float) -> None:
        self._first, self._last, self._most = first, last, most

    def __call__(self, value: float) -> float:
        return round(self._first + (self._last - self._first) * value / self._most, 1)


def _hours(at: timedelta) -> float:
    return at / timedelta(hours=1)


def _arrivals(arrivals: Sequence[timedelta]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for at in arrivals:
        counts[int(at / _BAR)] = counts.get(int(at / _BAR), 0) + 1
    return counts


def _bars(arrivals: Sequence[timedelta], x_of: _Axis, y_of: _Axis) -> list[str]:
    width = round(x_of(_hours(_BAR)) - x_of(0) - 1, 1)
    return [
        f'<rect x="{x_of(_hours(number * _BAR))}" y="{y_of(count)}" width="{width}"'
        f' height="{round(y_of(0) - y_of(count), 1)}" fill="#e5e7eb"/>'
        for number, count in sorted(_arrivals(arrivals).items())
    ]


def _line(samples: Sequence[Sample], name: str, color: str, x_of: _Axis, y_of: _Axis) -> str:
    points = " ".join(f"{x_of(_hours(each.at))},{y_of(getattr(each, name))}" for each in samples)
    return f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>'


def _kill(at: timedelta, x_of: _Axis) -> str:
    x = x_of(_hours(at))
    return (
        f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{_HEIGHT - _BOTTOM}" stroke="#dc2626"'
        ' stroke-dasharray="4 3"/>'
    )


def _grid(x_of: _Axis, y_of: _Axis, hours: float, most: float) -> list[str]:
    parts = [
        f'<text x="{x_of(hour)}" y="{_HEIGHT - 22}" text-anchor="middle">{hour} h</text>'
        for hour in range(int(hours) + 1)
    ]
    for part in (0.25, 0.5, 0.75, 1.0):
        value = round(most * part)
        parts.append(
            f'<line x1="{_LEFT}" y1="{y_of(value)}" x2="{_WIDTH - 12}" y2="{y_of(value)}" stroke="#f3f4f6"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{y_of(value) + 4}" text-anchor="end">{value}</text>')
    return parts


def _legend() -> list[str]:
    entries = [*((_NAMES[name], color) for name, color in _LINES)]
    entries += [("customers in 10 minutes", "#9ca3af"), ("a process is killed", "#dc2626")]
    return [
        f'<text x="{_LEFT + 170 * place}" y="16" fill="{color}">{name}</text>'
        for place, (name, color) in enumerate(entries)
    ]
