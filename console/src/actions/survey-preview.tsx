import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import type { components } from "../api/schema";
import type { Conversation } from "../api/types";
import { useSecond } from "../ui/use-second";

type Outlook = components["schemas"]["SurveyOutlookView"];

const MINUTE_MILLISECONDS = 60_000;

/** Why no survey follows, by the code that the desk gives. */
const REASONS = {
  cool_down: msg`Not now: this customer was asked a short time ago.`,
  no_agent: msg`Not now: no agent has had this conversation.`,
  automated_message_outside_window: msg`Not allowed: the 24 hours are over by then.`,
  window_closed: msg`Not allowed: the window is closed by then.`,
  window_never_opened: msg`Not allowed: the customer has not written yet.`,
  human_agent_tag_disabled: msg`Not allowed: the human agent tag is off.`,
} as const satisfies Record<NonNullable<Outlook["reason"]>, unknown>;

/** What ending a conversation brings, read anew when it is another than when it was read last. */
export function useEndPreview(row: Conversation) {
  return useQuery({
    queryKey: ["customer", row.customer.id, "end-preview", row.id, row.window.standard_until, row.status],
    queryFn: () =>
      bodyOf(api.GET("/v1/conversations/{conversation_id}/end-preview", { params: { path: { conversation_id: row.id } } })),
  });
}

/** What becomes of the survey if the conversation ends now. */
export function SurveyOutcome({ survey }: { survey: Outlook }) {
  const { i18n } = useLingui();
  const now = useSecond();
  if (survey.outlook === "none") {
    return <Trans>This page asks for no survey.</Trans>;
  }
  if (survey.outlook === "will_be_sent") {
    const isAtOnce = survey.due_at === null || Date.parse(survey.due_at) - now < MINUTE_MILLISECONDS;
    const at = i18n.date(survey.due_at ?? undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });
    return isAtOnce ? <Trans>A survey will be sent.</Trans> : <Trans>A survey will be sent, {at}.</Trans>;
  }
  return survey.reason === null ? <Trans>No survey will be sent.</Trans> : i18n._(REASONS[survey.reason] ?? survey.reason);
}
