"""Reports: the metrics of queues, agents and workstreams."""

from api.reports import dispositions, reports
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import PEOPLE, SUPERVISORS_AND_ADMINS

router = merge_routers(reports.router, dispositions.router)

PERMISSIONS: dict[str, Permission] = {
    "get_queue_report": SUPERVISORS_AND_ADMINS,
    "get_agent_report": PEOPLE,
    "get_workstream_report": SUPERVISORS_AND_ADMINS,
    "get_disposition_report": SUPERVISORS_AND_ADMINS,
}
