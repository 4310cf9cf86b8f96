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
  not_participating: () => t`They do not take part.`,
  too_many_participants: () => t`Too many people take part already.`,
  conversation_exists: () => t`This customer has a conversation already.`,
  not_found: () => t`This is not there any more, or you may not see it.`,
  disposition_required: () => t`Say what it was about first.`,
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
