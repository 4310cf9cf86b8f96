"""Metrics of days that are over for so long that what they were made of is deleted."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import AUDIT, instant, json_column
from store.tables.erasure_policy import Harmless


class SummedDay(SQLModel, table=True):
    """A day of UTC that is summed up, with or without work in it. All days before it are, too.

    Reports read the days up to the last of these from DailyMetrics, and nothing of them anywhere else.
    """

    __tablename__ = "summed_day"

    day: Harmless[date] = Field(primary_key=True)
    summed_at: Harmless[datetime] = instant(description=f"{AUDIT}when the sums were written")


class DailyMetrics(SQLModel, table=True):
    """What was counted and added up of a day of UTC, for one queue, workstream and agent.

    An empty id: of none. `measures`: the names of `domain.reports.measures.Measures` with what is not 0.
    """

    __tablename__ = "daily_metrics"

    day: Harmless[date] = Field(primary_key=True, foreign_key="summed_day.day")
    queue_id: Harmless[str] = Field(primary_key=True)
    workstream_id: Harmless[str] = Field(primary_key=True)
    agent_id: Harmless[str] = Field(primary_key=True)
    measures: Harmless[dict[str, int]] = json_column(dict)
