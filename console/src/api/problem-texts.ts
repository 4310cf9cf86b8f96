import { t } from "@lingui/core/macro";
import { ApiProblem } from "./problems";

const TEXTS: Record<string, () => string> = {
  no_answer: () => t`The desk cannot be reached. Check your connection, then try again.`,
  invalid_credentials: () => t`Email or password is wrong.`,
  invalid_code: () => t`This code is wrong, used, or over. Have another one made where Pagedesk runs.`,
  weak_password: () => t`This password is easy to guess. Choose a longer one.`,
  too_many_attempts: () => t`Too many failed tries. Wait a moment, then try again.`,
  too_many_requests: () => t`Too many requests. Wait a moment, then try again.`,
  https_required: () => t`Signing in needs https, or this machine itself.`,
  forbidden: () => t`Your role may not do this.`,
  already_picked: () => t`Somebody else was faster.`,
  offer_over: () => t`Somebody else has it, or the time was over.`,
  not_offered_to_you: () => t`Somebody else has it, or the time was over.`,
  cannot_be_declined: () => t`This cannot be declined.`,
  at_capacity: () => t`There is no room for another conversation now.`,
  agent_not_available: () => t`This agent is not available now.`,
  not_your_conversation: () => t`Somebody else has this conversation.`,
  conversation_closed: () => t`This conversation is closed.`,
  window_closed: () => t`The messaging window is closed. Only the customer can open it.`,
  window_never_opened: () => t`The customer has not written yet.`,
  human_agent_tag_disabled: () => t`24 hours are over, and the human agent tag is off for this session.`,
  thread_owned_by_another_app: () => t`Another app has this thread.`,
  invalid_state: () => t`Not possible as the conversation is now.`,
  already_participating: () => t`They take part already.`,
  not_participating: () => t`Does not take part in it.`,
  too_many_participants: () => t`Too many people take part already.`,
  conversation_exists: () => t`This customer has a conversation already.`,
  not_found: () => t`This is not there any more, or you may not see it.`,
  disposition_required: () => t`Say what it was about first.`,
  attachments_disabled: () => t`This page sends no files.`,
  unknown_attachment: () => t`The file is not at hand any more. Add it again.`,
  attachment_not_ready: () => t`The file is not ready yet.`,
  unknown_reply_to: () => t`The message that is answered to is not known to Meta.`,
  not_your_note: () => t`A colleague wrote this note.`,
  message_not_held: () => t`This message is not held any more.`,
  too_many_messages: () => t`Too many messages wait in this conversation. Wait a moment, then try again.`,
  meta_unavailable: () => t`Meta does not answer. Try again in a moment.`,
  page_not_sending: () => t`The page can send nothing now.`,
  store_unavailable: () => t`The store of files does not answer. Try again in a moment.`,
  request_too_slow: () => t`The upload took too long. Check your connection, then try again.`,
  temporal_unavailable: () => t`The desk's engine does not answer. Try again in a moment.`,
  outcome_unknown: () => t`Whether this was done is not known yet. Try again in a moment.`,
};

/** What went wrong, in the reader's language where it is known, else in the API's words. */
export function textOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) {
    return error instanceof Error ? error.message : String(error);
  }
  return TEXTS[error.code]?.() ?? `${error.message} (${error.code})`;
}
