"""People, keys, sign-ins and the audit log."""

from api.access import agents, audit_log, directory, me, sign_ins
from api.security.guarded_route import merge_routers
from api.security.permissions import PUBLIC, Permission
from domain.access.roles import ADMINS, EVERYBODY, PEOPLE, SUPERVISORS_AND_ADMINS

router = merge_routers(sign_ins.router, me.router, agents.router, directory.router, audit_log.router)

PERMISSIONS: dict[str, Permission] = {
    "sign_in": PUBLIC,
    "get_sign_in": EVERYBODY,
    "extend_sign_in": EVERYBODY,
    "sign_out": EVERYBODY,
    "list_sign_ins": EVERYBODY,
    "end_sign_in": EVERYBODY,
    "end_other_sign_ins": EVERYBODY,
    "get_me": EVERYBODY,
    "change_own_password": PEOPLE,
    "list_agents": SUPERVISORS_AND_ADMINS,
    "create_agent": ADMINS,
    "get_agent": SUPERVISORS_AND_ADMINS,
    "change_agent": ADMINS,
    "list_keys": ADMINS,
    "create_key": ADMINS,
    "revoke_key": ADMINS,
    "get_directory": EVERYBODY,
    "list_audit": ADMINS,
}
