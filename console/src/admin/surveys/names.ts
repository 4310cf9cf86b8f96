import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Schemas } from "../kit/types";

export type Question = Schemas["Question"];
export type Way = Schemas["SurveyWay"];

export const QUESTIONS: Record<Question, MessageDescriptor> = {
  csat: msg`Satisfaction, 1 to 5`,
  nps: msg`Recommendation, 0 to 10 (NPS)`,
  ces: msg`Effort, 1 to 7`,
  comment: msg`Comment alone`,
};

export const WAYS: Record<Way, { label: MessageDescriptor; hint: MessageDescriptor }> = {
  link: { label: msg`Link`, hint: msg`To a page with the question and a comment.` },
  buttons: { label: msg`Buttons`, hint: msg`In Messenger itself, without a comment.` },
  template: { label: msg`Meta's template`, hint: msg`Meta's own feedback form, which may be sent for 7 days.` },
};

export const OUTCOMES: Record<Schemas["SurveyStatus"], MessageDescriptor> = {
  scheduled: msg`scheduled`,
  sending: msg`being sent`,
  sent: msg`sent, not answered yet`,
  answered: msg`answered`,
  expired: msg`not answered in time`,
  not_allowed: msg`not allowed: the window was closed`,
  skipped: msg`skipped`,
  cancelled: msg`cancelled: the customer wrote again`,
  failed: msg`failed`,
};

/** A page without a survey, by the API's defaults. */
export const NO_SURVEY: Schemas["PageSurvey"] = {
  active: false,
  question: "csat",
  way: "link",
  late_by_template: false,
  delay_minutes: 0,
  cool_down_days: 0,
  expires_after_hours: 168,
};
