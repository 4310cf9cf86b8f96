"""Sharing work out: queues with their members and hours, skills, capacity profiles, rules."""

from api.routing import (
    capacity_profiles,
    disposition_codes,
    dry_run,
    operating_hours,
    queue_members,
    queues,
    rule_sets,
    skills,
)
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import ADMINS, EVERYBODY, SUPERVISORS_AND_ADMINS

router = merge_routers(
    queues.router,
    queue_members.router,
    operating_hours.router,
    skills.router,
    capacity_profiles.router,
    rule_sets.router,
    dry_run.router,
    disposition_codes.router,
)

# Whom it concerns reads what work is shared out by; of queues agents read those that they serve.
PERMISSIONS: dict[str, Permission] = {
    "list_queues": EVERYBODY,
    "create_queue": ADMINS,
    "get_queue": EVERYBODY,
    "change_queue": ADMINS,
    "delete_queue": ADMINS,
    "list_queue_members": SUPERVISORS_AND_ADMINS,
    "add_queue_member": ADMINS,
    "remove_queue_member": ADMINS,
    "list_operating_hours": EVERYBODY,
    "create_operating_hours": ADMINS,
    "get_operating_hours": EVERYBODY,
    "change_operating_hours": ADMINS,
    "delete_operating_hours": ADMINS,
    "import_holidays": ADMINS,
    "list_skills": EVERYBODY,
    "create_skill": ADMINS,
    "get_skill": EVERYBODY,
    "change_skill": ADMINS,
    "delete_skill": ADMINS,
    "get_agent_skills": SUPERVISORS_AND_ADMINS,
    "set_agent_skills": ADMINS,
    "list_capacity_profiles": EVERYBODY,
    "create_capacity_profile": ADMINS,
    "get_capacity_profile": EVERYBODY,
    "change_capacity_profile": ADMINS,
    "delete_capacity_profile": ADMINS,
    "get_agent_capacity": SUPERVISORS_AND_ADMINS,
    "set_agent_capacity": ADMINS,
    "list_rule_sets": SUPERVISORS_AND_ADMINS,
    "create_rule_set": ADMINS,
    "get_rule_set": SUPERVISORS_AND_ADMINS,
    "change_rule_set": ADMINS,
    "delete_rule_set": ADMINS,
    "dry_run_routing": SUPERVISORS_AND_ADMINS,
    "list_disposition_codes": EVERYBODY,
    "create_disposition_code": ADMINS,
    "get_disposition_code": EVERYBODY,
    "change_disposition_code": ADMINS,
    "delete_disposition_code": ADMINS,
}
