"""Uploading and downloading files."""

from api.attachments import attachments
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE

router = attachments.router

PERMISSIONS: dict[str, Permission] = {
    "get_attachment": EVERYBODY,
    "upload_attachment": PEOPLE,
}
