import { msg } from "@lingui/core/macro";
import type { MessageDescriptor } from "@lingui/core";

/** Why, by code: what comes after "because". Every code of facts.json is here; a test looks. */
export const REASONS: Record<string, MessageDescriptor> = {
  // moves of a conversation
  accepted_by_agent: msg`the agent accepted it`,
  active_for_too_long: msg`nothing happened in it for 30 days`,
  agent_disconnected: msg`the agent was not connected any more`,
  assigned_automatically: msg`the offer's time was up, and it is given without an answer`,
  assigned_by_routing: msg`the agent was the first who may be asked`,
  assigned_by_supervisor: msg`a supervisor assigned it`,
  assigned_to_queue_by_supervisor: msg`a supervisor moved it to this queue`,
  closed_by_overflow: msg`the queue could not take it`,
  closed_by_rule: msg`a time-out rule closes what is silent for too long`,
  closed_by_supervisor: msg`a supervisor closed it`,
  completed_by_agent: msg`the agent finished the wrap-up`,
  customer_wrote: msg`the customer wrote`,
  customer_wrote_again: msg`the customer wrote again`,
  customer_wrote_in_wrap_up: msg`the customer wrote again during the wrap-up`,
  declined_by_agent: msg`the agent declined it`,
  ended_by_agent: msg`the agent ended it`,
  ended_by_bot: msg`the bot ended it`,
  escalated_by_bot: msg`the bot handed it to people`,
  handed_over: msg`another app handed the thread over while the customer waits`,
  handed_over_in_wrap_up: msg`another app handed the thread over during the wrap-up`,
  moved_by_overflow: msg`its queue could not take it`,
  moved_to_waiting_by_rule: msg`a time-out rule lets silent conversations wait`,
  never_was: msg`the command that began it turned out not to have happened`,
  not_accepted_in_time: msg`the agent did not answer the offer in time`,
  open_for_too_long: msg`nobody took it for 30 days`,
  picked_by_agent: msg`the agent took it from the list`,
  queue_has_no_agents: msg`nobody serves the queue`,
  released_by_agent: msg`the agent gave it back`,
  reopened_by_agent: msg`the agent reopened it`,
  returned_to_queue_by_rule: msg`a time-out rule gives unanswered conversations to others`,
  session_closed_by_agent: msg`the agent waits for the customer`,
  started_by_agent: msg`the agent wrote first`,
  transferred_to_agent: msg`a colleague transferred it`,
  transferred_to_queue: msg`a colleague moved it to this queue`,
  waiting_for_too_long: msg`the customer did not write for too long`,
  wrap_up_for_too_long: msg`the wrap-up was not finished within a day`,
  // routing
  rule: msg`a routing rule matched`,
  all_overflow: msg`all queues whose rules matched are closed or full`,
  no_rule_matched: msg`no routing rule matched: this is the fallback queue`,
  rule_failed: msg`a routing rule could not be judged: this is the fallback queue`,
  unknown_queue: msg`the rule's queue is gone: this is the fallback queue`,
  queue_deleted: msg`its queue was deleted`,
  all_at_limit: msg`everybody who may have it has declined or missed it as often as allowed`,
  too_many_declined: msg`a hundred agents have declined or missed it`,
  // colleagues
  left: msg`they left`,
  removed: msg`somebody removed them`,
  // the window
  automated_message_outside_window: msg`24 hours are over, and only a person may still write`,
  human_agent_tag_disabled: msg`24 hours are over, and the human agent tag was off for this session`,
  outside_window: msg`Meta says that its messaging window is closed`,
  window_closed: msg`the messaging window was closed`,
  window_never_opened: msg`the customer had not written yet`,
  // sending
  attachment_store_unavailable: msg`the file could not be read`,
  attempt_lost: msg`the sending process stopped in the middle`,
  awaits_profile: msg`the customer's name is asked for first`,
  customer_erased: msg`the customer is being erased`,
  customer_unreachable: msg`the customer cannot be reached: blocked, or gone`,
  empty_message: msg`there was no text to send`,
  message_rejected: msg`Meta refuses this message`,
  not_permitted: msg`the app or its token lacks a permission`,
  original_sent: msg`the message that it repeats has arrived after all`,
  other_app_in_control: msg`another app or the Page inbox has the thread`,
  policy_block: msg`Meta restricts the page`,
  rate_limited: msg`too many messages were sent lately`,
  repeated: msg`the same was said within the last hour`,
  restored: msg`the desk was restored from a backup, and this may have been said already`,
  retry_later: msg`Meta could not take it now`,
  survey_answered: msg`the survey was answered already`,
  token_invalid: msg`Meta does not accept the page's token`,
  token_not_sendable: msg`the page's token has characters that cannot be sent`,
  too_late: msg`it was too late for this attempt`,
  unknown_outcome: msg`Meta did not say whether it was sent`,
  unreadable_answer: msg`Meta's answer could not be read`,
  // the page may send nothing
  page_app_secret_invalid: msg`the page may send nothing: Meta does not accept the app's secret`,
  page_held: msg`the page may send nothing now`,
  page_permission_missing: msg`the page may send nothing: its token lacks a permission`,
  page_policy_block: msg`the page may send nothing: Meta restricts it`,
  page_restored: msg`the page may send nothing until it has caught up after a restore`,
  page_secrets_unreadable: msg`the page may send nothing: its token cannot be decrypted`,
  page_token_invalid: msg`the page may send nothing: Meta does not accept its token`,
  page_token_of_another_app: msg`the page may send nothing: its token belongs to another app`,
  page_token_of_another_page: msg`the page may send nothing: its token belongs to another page`,
  // files
  address_not_allowed: msg`its address is none of Messenger's`,
  corrupted: msg`it is damaged`,
  disabled: msg`files from customers are switched off for this page`,
  download_failed: msg`it could not be fetched`,
  download_timed_out: msg`it came too slowly`,
  empty: msg`it is empty`,
  encoding_not_supported: msg`it is compressed in a way that cannot be checked`,
  infected: msg`the scanner found it to be malicious`,
  link_expired: msg`Messenger's link to it had expired`,
  processing_failed: msg`fetching it failed again and again`,
  retention_expired: msg`its time of retention is over`,
  scan_failed: msg`the scanner could not judge it`,
  too_large: msg`it is too large`,
  too_many_files: msg`the message has too many files`,
  too_many_pixels: msg`it has more pixels than can be shown safely`,
  type_mismatch: msg`it is not of the type that it claims to be`,
  type_not_allowed: msg`its type is not accepted`,
  // surveys
  agent_started_conversation: msg`an agent wrote to the customer again`,
  conversation_reopened: msg`the conversation went on`,
  cool_down: msg`the customer was asked not long ago`,
  no_agent: msg`no agent had it`,
  skipped_by_agent: msg`the agent left it out`,
  superseded: msg`a newer ending has its own survey`,
};

/** Why a command was refused, by code, where that is no reason above. */
export const CODES: Record<string, MessageDescriptor> = {
  agent_not_available: msg`the colleague is not available`,
  already_participating: msg`the colleague takes part already, or is asked to`,
  already_picked: msg`somebody else was faster`,
  at_capacity: msg`there was no room for another conversation`,
  cannot_be_declined: msg`this offer cannot be declined`,
  conversation_closed: msg`the conversation was closed`,
  conversation_exists: msg`the customer has a conversation already`,
  disposition_required: msg`it was not said what it was about`,
  forbidden: msg`the role does not allow it`,
  invalid_state: msg`it was not possible at that moment`,
  message_not_held: msg`the message was not held`,
  not_offered_to_you: msg`it was not offered to them`,
  not_participating: msg`they did not take part`,
  not_your_conversation: msg`somebody else had the conversation`,
  offer_over: msg`the offer was over`,
  outcome_unknown: msg`the desk's engine did not answer`,
  thread_owned_by_another_app: msg`another app or the Page inbox has the thread`,
  too_many_participants: msg`enough colleagues take part already`,
};

/** What set it off, by the name of a setting. */
export const SETTINGS: Record<string, MessageDescriptor> = {
  auto_close_waiting_after_minutes: msg`the workstream closes what waits for too long`,
  held_limit: msg`a reply is held for at most 7 days`,
  idle_limit: msg`a conversation may be silent for at most 30 days`,
  reopen_closed_within_minutes: msg`the workstream lets closed conversations go on for some time`,
  send_held_unseen: msg`the workstream sends held replies without asking`,
  "survey.delay_minutes": msg`the page's survey has this delay`,
  "survey.expires_after_hours": msg`the page's survey is open for so long`,
  "survey.late_by_template": msg`the page sends late surveys by Meta's template`,
  "survey.reminder_after_minutes": msg`the page's survey reminds once`,
  "survey.way": msg`the page's survey goes this way`,
  when_empty: msg`the queue has nobody, and is set to close then`,
  window_warning_minutes: msg`the workstream warns before the window closes`,
  wrap_up_limit: msg`a wrap-up lasts at most a day`,
};

/** How the agent was found who is offered a conversation. */
export const ORIGINS: Record<string, MessageDescriptor> = {
  push: msg`the agent was the first who may be asked`,
  affinity: msg`the agent had this conversation before`,
  preferred: msg`the agent is preferred for this customer`,
  next: msg`the agent asked for the next one`,
  pick: msg`the agent took it from the list`,
  assign: msg`a supervisor assigned it`,
  transfer: msg`a colleague transferred it`,
  reopen: msg`the agent reopened it`,
  start: msg`the agent wrote first`,
};

/** In what way a queue overflowed. */
export const CONDITIONS: Record<string, MessageDescriptor> = {
  holiday: msg`it is a holiday`,
  out_of_hours: msg`the queue is closed at this time`,
  waiting_items: msg`too many wait in the queue`,
  longest_wait: msg`somebody has waited in the queue for too long`,
  estimated_wait: msg`the wait would be too long`,
};

/** What a customer did that opened the window. */
export const OPENINGS: Record<string, MessageDescriptor> = {
  message: msg`by a message`,
  quick_reply: msg`by a quick reply`,
  postback: msg`by a button`,
  m_me_link: msg`by a link to the page`,
  reaction: msg`by a reaction`,
  opt_in: msg`by an opt-in`,
  ad_message: msg`by a message after an ad`,
};

/** What automated messages are called. */
export const TRIGGERS: Record<string, MessageDescriptor> = {
  greeting: msg`Greeting`,
  privacy_notice: msg`Privacy notice`,
  out_of_hours: msg`Out of hours`,
  holiday: msg`Holiday`,
  overflow_ended: msg`Queue is full`,
  agent_not_assigned: msg`Nobody is free yet`,
  agent_assigned: msg`An agent was found`,
  agent_joined: msg`An agent is here`,
  transfer_accepted: msg`Another agent is here`,
  agent_disconnected: msg`The agent was disconnected`,
  consult_accepted: msg`A colleague advises`,
  consult_ended: msg`A colleague advises no more`,
  colleague_joined: msg`A colleague joined`,
  colleague_left: msg`A colleague left`,
  agent_ended: msg`The agent ended the conversation`,
  session_ended: msg`The session ended`,
  message_not_sent: msg`A message was not sent`,
  outside_window: msg`The window is closed`,
  file_too_large: msg`A file is too large`,
  unsupported_message: msg`A message cannot be shown`,
  rule: msg`Message of a time-out rule`,
  survey: msg`Survey`,
  survey_reminder: msg`Reminder of the survey`,
};

/** How somebody takes part beside the agent. */
export const MODES: Record<string, MessageDescriptor> = {
  consult: msg`reads along`,
  join: msg`writes along`,
  monitor: msg`watches`,
};

/** What a time-out rule did. */
export const RULE_ACTIONS: Record<string, MessageDescriptor> = {
  send: msg`a message is sent`,
  close: msg`the conversation is closed`,
  move_to_waiting: msg`the conversation waits for the customer`,
  return_to_queue: msg`others are offered it`,
};
