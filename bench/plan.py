"""How much is measured: a whole run, under ten minutes, or a quick look, under two."""

from dataclasses import dataclass

IN_FLIGHT = 32
"""Webhook connections, and conversations in flight, on both sides."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of one run. Counts are per round and per side."""

    name: str
    rounds: int
    window_seconds: float
    existing_threads: int
    new_conversations: int
    messages_per_conversation: int
    idle_shots: int
    history_steps: int
    burst_events: int
    worker_deaths: int
    hung_conversations: int
    lane_shots: int


FULL = Plan(
    name="full",
    rounds=3,
    window_seconds=3.0,
    existing_threads=200,
    new_conversations=200,
    messages_per_conversation=12,
    idle_shots=12,
    history_steps=10,
    burst_events=1000,
    worker_deaths=3,
    hung_conversations=100,
    lane_shots=40,
)
QUICK = Plan(
    name="quick",
    rounds=1,
    window_seconds=1.5,
    existing_threads=100,
    new_conversations=120,
    messages_per_conversation=8,
    idle_shots=12,
    history_steps=5,
    burst_events=200,
    worker_deaths=1,
    hung_conversations=100,
    lane_shots=30,
)
