"""Reports: the metrics of queues, agents and workstreams."""

from api.reports import reports
from api.security.permissions import Permission
from domain.access.roles import PEOPLE, SUPERVISORS_AND_ADMINS

router = reports.router

PERMISSIONS: dict[str, Permission] = {
    "get_queue_report": SUPERVISORS_AND_ADMINS,
    "get_agent_report": PEOPLE,
    "get_workstream_report": SUPERVISORS_AND_ADMINS,
}
