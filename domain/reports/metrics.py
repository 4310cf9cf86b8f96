"""The metrics that reports show: counts, averages and rates of measures.

Source: docs/reference/metrics.md, which has Microsoft's definitions and where these depart from them.
"""

from dataclasses import dataclass

from domain.reports.measures import Measures


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of a queue, an agent or a workstream. Times are seconds, rates go from 0 to 1.

    null: there was nothing to take the average or the rate of.
    """

    incoming: int
    started_by_agents: int
    engaged: int
    closed: int
    abandoned: int
    abandoned_early: int
    abandon_rate: float | None
    average_first_wait_seconds: float | None
    average_wait_seconds: float | None
    average_wait_in_hours_seconds: float | None
    service_level: float | None
    average_first_response_seconds: float | None
    first_responses_within_60_seconds: float | None
    average_response_seconds: float | None
    responses_within_60_seconds: float | None
    average_conversation_seconds: float | None
    offers: int
    offers_accepted: int
    rejection_rate: float | None
    time_out_rate: float | None
    sessions: int
    average_handle_seconds: float | None
    transfers: int
    transfer_rate: float | None
    messages_in: int
    messages_out: int
    on_duty_seconds: float
    occupancy: float | None


def metrics_of(sums: Measures) -> Metrics:
    """What follows from sums."""
    return Metrics(
        incoming=sums.incoming,
        started_by_agents=sums.started_by_agents,
        engaged=sums.engaged,
        closed=sums.closed,
        abandoned=sums.abandoned,
        abandoned_early=sums.abandoned_early,
        abandon_rate=_rate(sums.abandoned, sums.incoming),
        average_first_wait_seconds=_average(sums.first_wait_ms, sums.engaged),
        average_wait_seconds=_average(sums.wait_ms, sums.waits),
        average_wait_in_hours_seconds=_average(sums.wait_in_hours_ms, sums.waits),
        service_level=_rate(sums.service_level_met, sums.service_level_waits),
        average_first_response_seconds=_average(sums.first_response_ms, sums.first_responses),
        first_responses_within_60_seconds=_rate(sums.first_responses_in_time, sums.first_responses),
        average_response_seconds=_average(sums.response_ms, sums.responses),
        responses_within_60_seconds=_rate(sums.responses_in_time, sums.responses),
        average_conversation_seconds=_average(sums.conversation_ms, sums.closed),
        offers=sums.offers,
        offers_accepted=sums.offers_accepted,
        rejection_rate=_rate(sums.offers_declined, sums.offers),
        time_out_rate=_rate(sums.offers_timed_out, sums.offers),
        sessions=sums.sessions,
        average_handle_seconds=_average(sums.handle_ms, sums.sessions_ended),
        transfers=sums.transfers,
        transfer_rate=_rate(sums.transfers, sums.sessions),
        messages_in=sums.messages_in,
        messages_out=sums.messages_out,
        on_duty_seconds=sums.on_duty_ms / 1000,
        occupancy=_rate(sums.used_unit_ms, sums.capacity_unit_ms),
    )


def _average(milliseconds: int, count: int) -> float | None:
    return round(milliseconds / count / 1000, 3) if count else None


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
