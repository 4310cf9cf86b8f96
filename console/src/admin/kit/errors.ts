import { t } from "@lingui/core/macro";
import { ApiProblem } from "../../api/problems";
import { textOf } from "../../api/problem-texts";

interface FieldError {
  where: (string | number)[];
  type: string;
  message: string;
}

/** What may be wrong with a field, by the API's `type`; else the API's own words are shown. */
const TEXTS: Record<string, () => string> = {
  missing: () => t`This is needed.`,
  too_short: () => t`This is too short.`,
  too_long: () => t`This is too long.`,
  out_of_range: () => t`This is too small or too large.`,
  wrong_form: () => t`This does not have the right form.`,
  not_a_choice: () => t`This is none of the choices.`,
};

/** Problems of the administrator's screens, beside those that every part of the console knows. */
const PROBLEMS: Record<string, () => string> = {
  invalid_request: () => t`Something is not right yet. It is marked below, or named here.`,
  name_taken: () => t`This name is taken. Choose another one.`,
  slug_taken: () => t`Another quick reply has this short name. Choose another one.`,
  email_taken: () => t`Somebody has this email address already.`,
  app_id_taken: () => t`This Facebook app has an account already. Open that account and add the page there.`,
  page_in_use: () =>
    t`This page is already connected by another account. Remove it there first, or choose another page. No callback was made for it.`,
  page_exists: () => t`This account has this page already. To save a new access token, use Replace beside it.`,
  page_in_use_by_conversations: () => t`The page has live conversations. Complete them first, or wait until they are closed.`,
  page_requires_workstream: () => t`A page belongs to exactly one workstream. Give it to another one instead.`,
  account_in_use: () => t`The account still has pages. Remove them first.`,
  workstream_in_use: () => t`The workstream still has pages or live conversations. Give its pages to another workstream first.`,
  queue_in_use: () => t`Workstreams, rules or live conversations still use this queue.`,
  default_queue: () => t`The default queue keeps its name, its priority and its members, and cannot be deleted.`,
  conflict: () => t`Somebody else changed this at the same moment. Look at it again, then save.`,
  not_found: () => t`This is not there any more.`,
};

/** The name of a field as forms have it: the path within the body, joined by dots. */
export function fieldErrors(error: unknown): Record<string, string> {
  const listed = error instanceof ApiProblem ? (error.document as { errors?: FieldError[] }).errors : undefined;
  const found: Record<string, string> = {};
  for (const { where, type, message } of listed ?? []) {
    const name = where.filter((part, index) => index > 0 || part !== "body").join(".");
    found[name] ??= TEXTS[type]?.() ?? message;
  }
  return found;
}

/** What went wrong, in the reader's language where it is known. */
export function problemText(error: unknown): string {
  return (error instanceof ApiProblem ? PROBLEMS[error.code]?.() : undefined) ?? textOf(error);
}
