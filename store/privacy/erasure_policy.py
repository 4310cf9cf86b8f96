"""What becomes of every column when a person is erased. A column without a row here fails a test.

Who adds a table or a column decides here, and has `store.privacy.delete_customer` do it.
"""

from enum import StrEnum


class ErasurePolicy(StrEnum):
    """What an erasure does with a column."""

    DELETED = "the row is deleted with its customer"
    EMPTIED = "the row stays and the value is emptied"
    HARMLESS = "it tells nothing about a person, or nothing without what is deleted"


def _all(fate: ErasurePolicy, columns: str) -> dict[str, ErasurePolicy]:
    return dict.fromkeys(columns.split(), fate)


_D, _E, _H = ErasurePolicy.DELETED, ErasurePolicy.EMPTIED, ErasurePolicy.HARMLESS

ERASURE_POLICIES: dict[str, dict[str, ErasurePolicy]] = {
    # What is said about a person.
    "customer": _all(
        _D,
        "id page_id psid name first_name last_name picture_url locale timezone profile_due_at "
        "profile_asked_at profile_tries profile_error erasure_id created_at",
    ),
    "thread": _all(
        _D,
        "customer_id page_id last_seq applied_seq opened_by opened_at standard_until human_agent_until "
        "delivered_until read_until pending_referral owner owner_app_id owner_known_at state version "
        "written_at",
    ),
    "opening": _all(
        _D, "inbox_id customer_id kind occurred_at received_at at standard_until human_agent_until"
    ),
    "thread_event": _all(_D, "customer_id seq inbox_id kind route facts"),
    "conversation": _all(
        _D,
        "id page_id customer_id workstream_id queue_id agent_id status phase status_reason "
        "status_changed_at session_id opened_at closed_at last_message_at version",
    ),
    "conversation_session": _all(
        _D, "id conversation_id number agent_id human_agent_tag started_at closed_at closure_reason"
    ),
    "conversation_context": _all(_D, "conversation_id name value changed_at"),
    "message": _all(
        _D,
        "id page_id customer_id conversation_id session_id direction sender_kind agent_id kind text "
        "attachments content quick_reply_payload reply_to_mid referral reactions edits deleted_at mid app_id "
        "standby thread_seq status reason reason_detail allowed_by attempt request_hash hold resends "
        "occurred_at received_at sent_at created_at",
    ),
    "search_text": _all(_D, "id customer_id source_id kind terms"),
    # The files themselves go first, while their places are known: activities.privacy.erasures.
    "attachment": _all(
        _D,
        "id direction message_id page_id customer_id agent_id position kind state reason name size "
        "content_type sha256 store_key url refreshed attempts created_at ended_at",
    ),
    "attachment_upload": _all(_D, "attachment_id page_id meta_id expires_at"),
    "survey": _all(
        _D,
        "id page_id customer_id conversation_id session_id token question way status reason message_id "
        "reminder_id ended_at due_at sent_at expires_at version",
    ),
    "survey_answer": _all(_D, "survey_id question score text source late at"),
    # Rows of the person alone; the others are about pages and settings.
    "event": _all(
        _D,
        "id at kind page_id customer_id conversation_id message_id actor_kind actor_id data dedupe_key "
        "written_at",
    ),
    "early_change": _all(_D, "inbox_id page_id mid kind change"),
    "unrouted_event": _all(_D, "inbox_id disposition reason kind account_id page_id at"),
    # The answers to refused replies; the others carry no more than the id of what was created.
    "idempotency_record": _all(_D, "principal_id key request_hash status_code body created_at"),
    # The inbox keeps the event's key, by which a late repetition of Meta's is known and dropped; but not a
    # key that is made of the person's id.
    "inbox_event": _all(_E, "channel customer_psid occurred_ms conflict_ms digest raw")
    | _all(_H, "id account_id page_id event_key partition kind received_ms"),
    # The audit line. The fingerprints are of page and PSID, and tell nothing without the master key.
    "erasure": _all(_E, "subject targets")
    | _all(
        _H,
        "id code asked_by agent_id account_id issued_at requested_at status customers outcome fingerprints "
        "counts done_at",
    ),
    # Settings and people who work here.
    "account": _all(
        _H,
        "id name app_id app_secret verify_token previous_app_secret previous_app_secret_until created_at "
        "deleted_at",
    ),
    "session_template": _all(_H, "id name title communication_panel tabs created_at"),
    "workstream": _all(
        _H,
        "id name auto_close_waiting_after reopen_closed_within window_warning send_held_unseen "
        "allow_automated_messages session_template_id created_at",
    ),
    "time_out_rule": _all(
        _H,
        "id workstream_id silent after action receiver priority texts fallback_language active created_at",
    ),
    "automated_message": _all(_H, "level trigger active texts fallback_language description changed_at"),
    "page": _all(
        _H,
        "page_id account_id workstream_id name access_token language human_agent_tag "
        "attachments_for_customers attachments_for_agents provisioning_state problems checked_at "
        "last_event_at survey send_gate send_gate_reason send_gate_until send_gate_generation sends_next_at "
        "media_next_at reads_next_at slowed_until usage_percent warnings findings token_saved_at "
        "token_expires_at token_refresh_due_at subscribed_at last_messaging_at last_standby_at gap_since "
        "gap_read_until removed_at created_at",
    ),
    "page_silence": _all(_H, "page_id day seconds"),
    "agent": _all(_H, "id name email role password_hash active created_at"),
    "api_key": _all(_H, "id agent_id name prefix digest created_at revoked_at expires_at"),
    "sign_in": _all(_H, "id agent_id digest created_at expires_at revoked_at"),
    "sign_in_try": _all(_H, "id key try_id at"),
    "installation": _all(_H, "name value"),
    "relay": _all(_H, "id present_until"),
    "relay_partition": _all(_H, "partition owner fence position"),
}
