import { msg } from "@lingui/core/macro";
import type { ListName, Sort } from "../store/lists";

/** What the lists are called. */
export const LIST_TITLES = {
  mine: msg`Mine`,
  open: msg`Open`,
  waiting: msg`Waiting`,
  closing_soon: msg`Closing soon`,
  done: msg`Done today`,
} as const satisfies Record<ListName, unknown>;

/** What an empty list says. */
export const EMPTY_TEXTS = {
  mine: msg`Nothing is yours now. Offers appear below.`,
  open: msg`Nothing waits for an agent.`,
  waiting: msg`No conversation waits for its customer.`,
  closing_soon: msg`No window closes soon.`,
  done: msg`You have closed no conversation today.`,
} as const satisfies Record<ListName, unknown>;

/** What the orders of a list are called. */
export const SORT_TITLES = {
  activity: msg`Newest`,
  owed: msg`Longest waiting`,
  deadline: msg`Deadline`,
} as const satisfies Record<Sort, unknown>;

/** An empty list in an order that leaves some out does not say that there is nothing. */
export const NONE_IN_ORDER = {
  owed: msg`Nobody here waits for an answer.`,
  deadline: msg`No open window here.`,
} as const satisfies Record<Exclude<Sort, "activity">, unknown>;
