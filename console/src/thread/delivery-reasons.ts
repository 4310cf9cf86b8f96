import { t } from "@lingui/core/macro";

const TEXTS: Record<string, () => string> = {
  human_agent_tag_disabled: () => t`24 hours were over, and the human agent tag was off`,
  window_closed: () => t`the messaging window was closed`,
  window_never_opened: () => t`the customer had not written yet`,
  automated_message_outside_window: () => t`24 hours were over for an automatic message`,
  outside_window: () => t`to Meta the messaging window was closed`,
  token_invalid: () => t`Meta did not accept the page's token`,
  not_permitted: () => t`the app or its token lacks a permission`,
  message_rejected: () => t`Meta does not take this message`,
  customer_unreachable: () => t`the customer has blocked the page or cannot be reached`,
  policy_block: () => t`Meta has restricted the page`,
  other_app_in_control: () => t`another app has the thread`,
  thread_owned_by_another_app: () => t`another app has the thread`,
  rate_limited: () => t`Meta took no more messages for a while`,
  retry_later: () => t`Meta refused it for a while`,
  unknown_outcome: () => t`Meta did not say whether it arrived`,
  empty_message: () => t`there was nothing in it`,
  too_late: () => t`it was too late for this try; it goes again`,
  attempt_lost: () => t`the attempt was lost`,
  original_sent: () => t`the first one had arrived`,
  survey_answered: () => t`the survey was answered before`,
  restored: () => t`it may have gone before the restore`,
  customer_erased: () => t`the customer was erased`,
  attachment_store_unavailable: () => t`the store of files did not answer`,
  attachments_disabled: () => t`this page sends no files`,
  awaits_profile: () => t`it waits for the customer's name`,
  held_limit: () => t`7 days were over`,
};

/** Why a message is where it is, in the middle of a sentence; for an unknown code the code itself. */
export function deliveryReason(reason: string | null): string {
  if (reason === null) {
    return "";
  }
  const known = TEXTS[reason];
  if (known !== undefined) {
    return known();
  }
  return reason.startsWith("page_") ? t`the page can send nothing now` : reason;
}
