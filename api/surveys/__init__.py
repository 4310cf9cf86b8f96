"""The survey page for customers, and the results."""

from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from api.surveys import results
from api.surveys import survey_page as page
from domain.access.roles import SUPERVISORS_AND_ADMINS

router = merge_routers(results.router, page.router)

PERMISSIONS: dict[str, Permission] = {
    "list_surveys": SUPERVISORS_AND_ADMINS,
    "summarize_surveys": SUPERVISORS_AND_ADMINS,
    "get_survey": SUPERVISORS_AND_ADMINS,
}
