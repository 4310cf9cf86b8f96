"""How much is measured: a whole run, under fifteen minutes, or a quick look of a few."""

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
    offer_shots: int
    offer_seconds: float
    crowd_agents: int
    rest_seconds: float
    stream_changes: int


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
    offer_shots=40,
    offer_seconds=8.0,
    crowd_agents=200,
    rest_seconds=20.0,
    stream_changes=20,
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
    offer_shots=20,
    offer_seconds=3.0,
    crowd_agents=20,
    rest_seconds=5.0,
    stream_changes=10,
)
