"""Conversations, their timeline, and what agents do with them."""

from api.conversations import (
    bulk_actions,
    commands,
    conversations,
    end_preview,
    offers,
    participants,
    read_positions,
    routing,
    start_conversation,
    thread_control,
    wrap_up,
)
from api.security.guarded_route import merge_routers
from api.security.permissions import Permission
from domain.access.roles import EVERYBODY, PEOPLE, SUPERVISORS_AND_ADMINS

router = merge_routers(
    read_positions.router,  # `counts` is no id
    conversations.router,
    end_preview.router,
    start_conversation.router,
    thread_control.router,
    commands.router,
    offers.router,
    wrap_up.router,
    bulk_actions.router,
    participants.router,
    routing.router,
)

PERMISSIONS: dict[str, Permission] = {
    "list_conversations": EVERYBODY,
    "count_conversations": EVERYBODY,
    "set_read_position": PEOPLE,
    "get_conversation": EVERYBODY,
    "list_messages": EVERYBODY,
    "get_end_preview": PEOPLE,
    "get_timeline": EVERYBODY,
    "get_routing": EVERYBODY,
    "list_thread_messages": EVERYBODY,
    "start_conversation": PEOPLE,
    "take_thread": PEOPLE,
    "pass_thread": PEOPLE,
    "release_thread": PEOPLE,
    "request_thread": PEOPLE,
    "pick": PEOPLE,
    "accept": PEOPLE,
    "decline": PEOPLE,
    "assign": SUPERVISORS_AND_ADMINS,
    "transfer": PEOPLE,
    "close_session": PEOPLE,
    "reopen": PEOPLE,
    "end": PEOPLE,
    "complete": PEOPLE,
    "release": PEOPLE,
    "force_close": SUPERVISORS_AND_ADMINS,
    "act_on_conversations": SUPERVISORS_AND_ADMINS,
    "consult": PEOPLE,
    "join": PEOPLE,
    "monitor": SUPERVISORS_AND_ADMINS,
    "leave": PEOPLE,
    "remove_participant": PEOPLE,
}
