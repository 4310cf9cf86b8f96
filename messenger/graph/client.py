"""The Graph API as Pagedesk uses it: sending, a page's set-up, a customer's profile.

Paths, parameters and answers are those of docs/reference/messenger-send-and-errors.md and
docs/reference/messenger-pages-and-threads.md.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from domain.sending.decide_send import HUMAN_AGENT_TAG
from messenger.graph.batch import read_by_batch
from messenger.graph.call import (
    Access,
    AnswerLostError,
    GraphCaller,
    NothingWrittenError,
    Upload,
    Watch,
)
from messenger.graph.conversations import (
    MESSAGE_FIELDS,
    THREAD_FIELDS,
    THREADS_PER_REQUEST,
    ThreadList,
    ThreadMessage,
    read_links,
    read_messages,
    read_threads,
)
from messenger.graph.errors import read_error
from messenger.graph.page_credentials import AppCredentials, PageCredentials
from messenger.graph.read_answer import (
    as_tag_refusal,
    instant_of,
    names_of,
    object_in,
    objects_in,
    read_body,
    require_success,
    send_outcome,
    text_of,
)
from messenger.graph.results import (
    AppSubscription,
    GraphUnavailable,
    NotSent,
    PageProfile,
    PageSubscription,
    Refused,
    Sent,
    TokenInfo,
    Unknown,
)
from messenger.json_parser import identifier


class GraphClient:
    """The Graph API of one version at one address.

    All methods but `send` raise GraphError for what Meta refuses and GraphUnavailable for everything else.
    """

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, version: str, watch: Watch | None = None
    ) -> None:
        self._caller = GraphCaller(http, base_url, version, watch)

    async def send(
        self,
        credentials: PageCredentials,
        *,
        psid: str,
        message: Mapping[str, Any],
        messaging_type: str,
        tag: str | None,
        metadata: str,
        reply_to: str | None = None,
    ) -> Sent | Refused | NotSent | Unknown:
        """Send one message to a customer, once.

        `message` is Meta's message object; `metadata` comes back in its echo; `reply_to` is a mid.
        A cancelled call may have sent.
        """
        body: dict[str, Any] = {
            "recipient": {"id": psid},
            "messaging_type": messaging_type,
            "message": {**message, "metadata": metadata},
        }
        if tag is not None:
            body["tag"] = tag
        if reply_to is not None:
            body["reply_to"] = {"mid": reply_to}
        try:
            answer = await self._caller.call(
                "POST", f"{_segment(credentials.page_id)}/messages", credentials.access, body=body
            )
        except NothingWrittenError as error:
            return NotSent(str(error))
        except AnswerLostError as error:
            return Unknown(str(error))
        outcome = send_outcome(answer, credentials)
        if tag == HUMAN_AGENT_TAG.tag and message.keys() == {"text"}:
            return as_tag_refusal(outcome)
        return outcome

    async def act(self, credentials: PageCredentials, psid: str, action: str) -> None:
        """Show the customer a sender action: `typing_on`, `typing_off` or `mark_seen`. It sends nothing."""
        body = {"recipient": {"id": psid}, "sender_action": action}
        path = f"{_segment(credentials.page_id)}/messages"
        await read_body(self._caller.call("POST", path, credentials.access, body=body), credentials.access)

    async def thread_owner(self, credentials: PageCredentials, psid: str) -> str | None:
        """The app that controls the thread; None while it is idle: then every app may answer."""
        path = f"{_segment(credentials.page_id)}/thread_owner"
        body = await self._read(path, credentials.access, query={"recipient": psid})
        owners = [object_in(each, "thread_owner") for each in objects_in(body, "data")]
        return identifier(owners[0].get("app_id")) if owners else None

    async def control_thread(
        self,
        credentials: PageCredentials,
        psid: str,
        action: str,
        *,
        target_app_id: str | None = None,
        metadata: str | None = None,
    ) -> None:
        """`take`, `pass`, `release` or `request` control of a thread; `pass` needs the app that gets it."""
        form = {"recipient": json.dumps({"id": psid})}
        form |= {"target_app_id": target_app_id} if target_app_id is not None else {}
        form |= {"metadata": metadata} if metadata is not None else {}
        path = f"{_segment(credentials.page_id)}/{action}_thread_control"
        await self._change(path, credentials.access, form)

    async def debug_token(self, app: AppCredentials, input_token: str) -> TokenInfo:
        """What Meta knows of a token of the app.

        Meta documents this as a GET with the token as a parameter only. A batch call carries that in
        its body, so that the token is in no URL and in no log of one.
        """
        asking = read_by_batch(self._caller, "debug_token", app.access, {"input_token": input_token})
        data = object_in(await read_body(asking, app.access, input_token), "data")
        return TokenInfo(
            is_valid=data.get("is_valid") is True,
            app_id=identifier(data.get("app_id")),
            type=text_of(data.get("type")),
            profile_id=identifier(data.get("profile_id")),
            issued_at=instant_of(data.get("issued_at")),
            expires_at=instant_of(data.get("expires_at")),
            data_access_expires_at=instant_of(data.get("data_access_expires_at")),
            scopes=names_of(data.get("scopes")),
            error=read_error(200, data, {}, (input_token, app.app_secret)),
        )

    async def subscribe_app(
        self, app: AppCredentials, callback_url: str, verify_token: str, fields: Iterable[str]
    ) -> None:
        """Set the app's webhook for pages. Meta calls the callback's verification before it answers."""
        form = {
            "object": "page",
            "callback_url": callback_url,
            "verify_token": verify_token,
            "fields": ",".join(fields),
            "include_values": "true",
        }
        await self._change(f"{_segment(app.app_id)}/subscriptions", app.access, form, verify_token)

    async def app_subscriptions(self, app: AppCredentials) -> tuple[AppSubscription, ...]:
        """The app's webhooks."""
        body = await self._read(f"{_segment(app.app_id)}/subscriptions", app.access)
        return tuple(
            AppSubscription(
                object=text_of(each.get("object")) or "",
                callback_url=text_of(each.get("callback_url")) or "",
                fields=names_of(each.get("fields")),
                active=each.get("active") is not False,
            )
            for each in objects_in(body, "data")
        )

    async def subscribe_page(self, credentials: PageCredentials, fields: Iterable[str]) -> None:
        """Let the app receive these events of the page; a field left out is unsubscribed."""
        form = {"subscribed_fields": ",".join(fields)}
        await self._change(f"{_segment(credentials.page_id)}/subscribed_apps", credentials.access, form)

    async def page_subscriptions(self, credentials: PageCredentials) -> tuple[PageSubscription, ...]:
        """The apps that receive the page's events. After an hour of failed deliveries ours is gone."""
        body = await self._read(f"{_segment(credentials.page_id)}/subscribed_apps", credentials.access)
        return tuple(
            PageSubscription(identifier(each.get("id")) or "", names_of(each.get("subscribed_fields")))
            for each in objects_in(body, "data")
        )

    async def unsubscribe_page(self, credentials: PageCredentials) -> None:
        """Let the app receive no events of the page any more."""
        path = f"{_segment(credentials.page_id)}/subscribed_apps"
        require_success(
            await read_body(self._caller.call("DELETE", path, credentials.access), credentials.access)
        )

    async def page_profile(self, credentials: PageCredentials) -> PageProfile:
        """The page that the token belongs to, which need not be the one it was saved for."""
        body = await self._read("me", credentials.access, query={"fields": "id,name"})
        page_id = identifier(body.get("id"))
        if page_id is None:
            raise GraphUnavailable("unreadable_answer")
        return PageProfile(page_id, text_of(body.get("name")))

    async def user_profile(
        self, credentials: PageCredentials, psid: str, fields: Iterable[str]
    ) -> dict[str, str]:
        """Those of the fields that Meta tells of a customer; often none."""
        wanted = tuple(fields)
        body = await self._read(_segment(psid), credentials.access, query={"fields": ",".join(wanted)})
        return {name: str(body[name]) for name in wanted if isinstance(body.get(name), str | int | float)}

    async def page_scoped_ids(self, app: AppCredentials, user_id: str) -> list[tuple[str, str]]:
        """The (page id, PSID) pairs of a person whom the app knows as `user_id`.

        "ID Matching" (`ids_for_pages`): answered where the app and the pages belong to one business at Meta.
        """
        body = await self._read(f"{_segment(user_id)}/ids_for_pages", app.access, query={"limit": "200"})
        pairs = [
            (identifier((each.get("page") or {}).get("id")), identifier(each.get("id")))
            for each in objects_in(body, "data")
            if isinstance(each.get("page"), dict)
        ]
        return [(page_id, psid) for page_id, psid in pairs if page_id and psid]

    async def messages_with(self, credentials: PageCredentials, psid: str) -> tuple[ThreadMessage, ...]:
        """The newest messages between the page and a person, newest first; of older ones Meta tells nothing.

        The text of a message without one is empty. Meta dates by whole seconds, and shows no `metadata`.
        """
        query = {"platform": "messenger", "user_id": psid, "fields": MESSAGE_FIELDS}
        body = await self._read(f"{_segment(credentials.page_id)}/conversations", credentials.access, query)
        return tuple(read_messages(body, credentials.page_id))

    async def list_threads(self, credentials: PageCredentials, after: str | None = None) -> ThreadList:
        """The page's threads by their newest change, newest first; `after` is the former list's cursor."""
        query = {
            "platform": "messenger",
            "fields": "id,updated_time,is_owner",
            "limit": str(THREADS_PER_REQUEST),
        }
        if after is not None:
            query["after"] = after
        path = f"{_segment(credentials.page_id)}/conversations"
        return read_threads(await self._read(path, credentials.access, query))

    async def thread_messages(
        self, credentials: PageCredentials, thread_id: str
    ) -> tuple[ThreadMessage, ...]:
        """The newest messages of one thread, newest first; those beyond 20 tell their id and time alone."""
        body = await self._read(_segment(thread_id), credentials.access, {"fields": THREAD_FIELDS})
        return tuple(read_messages({"data": [body]}, credentials.page_id))

    async def upload_file(self, credentials: PageCredentials, kind: str, file: Upload) -> str:
        """Give Meta a file to send from this page, as often as wanted for 90 days; its `attachment_id`.

        `kind` is Meta's: image, audio, video or file. Uploaded twice it is there twice, and no harm done.
        """
        message = {"attachment": {"type": kind, "payload": {"is_reusable": True}}}
        path = f"{_segment(credentials.page_id)}/message_attachments"
        form = {"message": json.dumps(message)}
        body = await read_body(
            self._caller.call("POST", path, credentials.access, form=form, file=file), credentials.access
        )
        meta_id = identifier(body.get("attachment_id"))
        if meta_id is None:
            raise GraphUnavailable("unreadable_answer")
        return meta_id

    async def file_links(self, credentials: PageCredentials, mid: str) -> tuple[str | None, ...]:
        """New links to the files of a message, in their order; of older messages Meta tells nothing."""
        body = await self._read(_segment(mid), credentials.access, query={"fields": "attachments"})
        return read_links(body)

    async def _read(
        self, path: str, access: Access, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return await read_body(self._caller.call("GET", path, access, query=query), access)

    async def _change(self, path: str, access: Access, form: Mapping[str, str], *secrets: str) -> None:
        require_success(await read_body(self._caller.call("POST", path, access, form=form), access, *secrets))


def _segment(text: str) -> str:
    return quote(text, safe="")
