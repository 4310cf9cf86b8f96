"""Files: customers' to be downloaded, agents' to be sent.

Whatever a file holds, a browser is told to save it, and to run nothing of it.
"""

import asyncio
import hashlib
import tempfile
from datetime import datetime
from typing import IO, Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, StringConstraints

from api.http.body import CLOSE, BodyTooLargeError, copy_body
from api.http.dependencies import DatabaseDep, SettingsDep, from_app
from api.http.fields import STORABLE, OptionalIdempotencyKey, PathId
from api.http.middleware import CONTENT_SECURITY_POLICY
from api.http.problem_docs import problems
from api.http.problems import Problem
from api.security.auth import Caller, Principal
from api.security.guarded_route import UploadRoute, api_router
from base import clock
from base.ids import id_from_key, new_id
from base.picture_metadata import DamagedPictureError, copy_without_metadata
from base.settings import Settings
from domain.attachments.file_names import safe_name
from domain.attachments.file_types import SERVED_AS_THEMSELVES
from domain.attachments.refusals import NOTICES, Direction, FileReason, FileState
from store.attachments.file_checks import FileChecks, ScannerUnsureError
from store.attachments.object_store import FileGoneError, FileStore, FileStoreError
from store.attachments.rows import KeptFile, keep_upload
from store.db.refusals import not_found
from store.tables import Attachment

UPLOAD_TIMEOUT_SECONDS = 60.0
_CHUNK_BYTES = 256 * 1024
_SAFE = {
    CONTENT_SECURITY_POLICY.decode(): "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Accept-Ranges": "none",
}
_FORM = "multipart/"

FileStoreDep = Annotated[FileStore, from_app("files")]
FileChecksDep = Annotated[FileChecks, from_app("file_checks")]

router = api_router("attachments", UploadRoute)


class AttachmentView(BaseModel):
    """A file of an agent's, ready to be sent."""

    id: str
    type: str
    state: FileState
    name: str | None
    size_bytes: int | None
    content_type: str | None
    url: str
    created_at: datetime


@router.get(
    "/v1/attachments/{attachment_id}",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
        **problems("not_found", "attachment_not_ready", "store_unavailable"),
    },
)
async def get_attachment(
    database: DatabaseDep, files: FileStoreDep, caller: Caller, attachment_id: PathId
) -> Response:
    """The bytes of a file, whole. A file that was not taken, or not yet, has none.

    What an agent has uploaded and not sent yet is that agent's alone.
    """
    file = await database.read(lambda s: s.get(Attachment, attachment_id))
    if file is None or file.state == FileState.DELETED or _is_unsent_file_of_another(file, caller):
        raise not_found("file", attachment_id)
    if file.state != FileState.READY or file.store_key is None:
        notice = NOTICES[FileReason(file.reason)] if file.reason else None
        raise Problem("attachment_not_ready", notice, state=file.state, reason=file.reason)
    try:
        chunks = await files.read(file.store_key)
    except FileGoneError as error:
        raise not_found("file", attachment_id) from error
    except FileStoreError as error:
        raise Problem("store_unavailable") from error
    known = file.content_type in SERVED_AS_THEMSELVES
    media_type = file.content_type if known and file.content_type else "application/octet-stream"
    headers = {
        **_SAFE,
        "Content-Length": str(file.size_bytes),
        "Content-Disposition": disposition(file.name or file.id),
    }
    return StreamingResponse(chunks, headers=headers, media_type=media_type)


@router.post(
    "/v1/attachments",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses=problems(
        "file_too_large",
        "upload_not_raw",
        "file_refused",
        "idempotency_key_reused",
        "request_too_slow",
        "store_unavailable",
    ),
)
async def upload_attachment(
    settings: SettingsDep,
    database: DatabaseDep,
    files: FileStoreDep,
    file_checks: FileChecksDep,
    caller: Caller,
    *,
    request: Request,
    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=1000),
        STORABLE,
        Query(description="The file's name with its extension, as the customer is to see it."),
    ],
    idempotency_key: OptionalIdempotencyKey = None,
) -> AttachmentView:
    """Keep a file, to be sent by its id. The body is the file itself: `curl --data-binary @photo.png`.

    What kind of file it is, its bytes say. `Content-Type` does not matter, but for that of a form with parts
    (`curl -F`), which is no file. A picture is kept without its metadata (place, time, device), so `size` may
    be less than what was uploaded.
    """
    if request.headers.get("content-type", "").lower().startswith(_FORM):
        raise Problem("upload_not_raw", headers=CLOSE)
    made = _attachment_id(settings, caller, idempotency_key)
    with tempfile.TemporaryFile() as body, tempfile.TemporaryFile() as picture:
        await _read_body(request, body, settings.max_attachment_bytes)
        called = safe_name(name, "file")
        content_type = await _check_file(file_checks, called, body)
        content = picture if await _copy_picture(content_type, body, picture) else body
        size, sha256 = await asyncio.to_thread(_measure, content)
        key = f"agents/{made}-{sha256[:16]}"  # two with one idempotency key may come at once
        kept = KeptFile(called, size, content_type, sha256, key)
        file = await database.read(lambda s: s.get(Attachment, made))
        if file is None:
            await _put(files, key, content)
            file = await database.write(lambda s: keep_upload(s, made, caller.agent_id, kept, clock.now()))
            if file.store_key != key:
                await _delete(files, key)
    if file.sha256 != sha256:
        raise Problem("idempotency_key_reused")
    return _view(file)


def disposition(name: str) -> str:
    """A `Content-Disposition` that only ever saves, under a name that breaks out of nothing."""
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _is_unsent_file_of_another(file: Attachment, caller: Principal) -> bool:
    unsent = file.direction == Direction.OUTBOUND and file.message_id is None
    return unsent and file.agent_id != caller.agent_id


def _attachment_id(settings: Settings, caller: Principal, key: str | None) -> str:
    """The id of an upload: the same for the same key, which nobody can compute who guesses the key."""
    if key is None:
        return new_id()
    return id_from_key("attachment", settings.vault.fingerprint(key, f"upload {caller.agent_id}"))


async def _read_body(request: Request, into: IO[bytes], max_bytes: int) -> None:
    try:
        await copy_body(request, into.write, max_bytes=max_bytes, timeout_seconds=UPLOAD_TIMEOUT_SECONDS)
    except BodyTooLargeError as error:
        raise Problem("file_too_large", headers=CLOSE, max_bytes=max_bytes) from error
    if into.tell() == 0:
        raise Problem("file_refused", reason=FileReason.EMPTY)


async def _copy_picture(content_type: str, body: IO[bytes], into: IO[bytes]) -> bool:
    """Copy a picture without its metadata; whether the body is one."""
    try:
        return await asyncio.to_thread(copy_without_metadata, content_type, body, into)
    except DamagedPictureError as error:
        raise Problem("file_refused", NOTICES[FileReason.CORRUPTED], reason=FileReason.CORRUPTED) from error


def _measure(content: IO[bytes]) -> tuple[int, str]:
    """The size and the SHA-256 of a file."""
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
    return content.tell(), digest.hexdigest()


async def _put(files: FileStore, key: str, body: IO[bytes]) -> None:
    try:
        await files.put(key, body)
    except FileStoreError as error:
        raise Problem("store_unavailable") from error


async def _delete(files: FileStore, key: str) -> None:
    try:
        await files.delete(key)
    except FileStoreError as error:
        raise Problem("store_unavailable") from error


async def _check_file(file_checks: FileChecks, name: str, body: IO[bytes]) -> str:
    try:
        verdict = await file_checks.judge_outbound(name, body)
    except ScannerUnsureError as error:
        raise Problem("store_unavailable", "The scanner gave no answer. Repeat the request later.") from error
    if isinstance(verdict, FileReason):
        raise Problem("file_refused", reason=verdict)
    return verdict


def _view(file: Attachment) -> AttachmentView:
    return AttachmentView(
        id=file.id,
        type=file.kind,
        state=FileState(file.state),
        name=file.name,
        size_bytes=file.size_bytes,
        content_type=file.content_type,
        url=f"/v1/attachments/{file.id}",
        created_at=file.created_at,
    )
