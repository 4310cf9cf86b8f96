import { msg } from "@lingui/core/macro";
import type { ListName } from "../store/lists";

/** What the lists are called. */
export const LIST_TITLES = {
  mine: msg`Mine`,
  open: msg`Open`,
  waiting: msg`Waiting`,
  closing_soon: msg`Closing soon`,
  done: msg`Done`,
} as const satisfies Record<ListName, unknown>;

/** What an empty list says. */
export const EMPTY_TEXTS = {
  mine: msg`Nothing is yours now. Offers appear below.`,
  open: msg`Nothing waits for an agent.`,
  waiting: msg`No conversation waits for its customer.`,
  closing_soon: msg`No window closes soon.`,
  done: msg`You have closed no conversation yet.`,
} as const satisfies Record<ListName, unknown>;
