"""Facebook apps and Pages, and what is set for them."""

from api.pages import accounts, pages, survey_settings
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import ADMINS, EVERYBODY, SUPERVISORS_AND_ADMINS, Role

router = merge_routers(accounts.router, pages.router, survey_settings.router)

PERMISSIONS: dict[str, Permission] = {
    "list_accounts": SUPERVISORS_AND_ADMINS,
    "create_account": ADMINS,
    "get_account": SUPERVISORS_AND_ADMINS,
    "change_account": ADMINS,
    "end_secret_rotation": ADMINS,
    "delete_account": ADMINS,
    "list_account_pages": EVERYBODY,
    "add_page": ADMINS,
    "check_token": ADMINS,
    "get_page": EVERYBODY,
    "change_page": ADMINS,
    "remove_page": ADMINS,
    "check_page": SUPERVISORS_AND_ADMINS | {Role.MACHINE},
    "reauthorize_page": ADMINS,
    "get_page_survey": EVERYBODY,
    "set_page_survey": ADMINS,
}
