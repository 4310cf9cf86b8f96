import { msg } from "@lingui/core/macro";
import type { Conversation } from "../api/types";

/** What the states of a conversation are called. */
export const STATUS_NAMES = {
  open: msg`Open`,
  active: msg`Active`,
  waiting: msg`Waiting`,
  wrap_up: msg`Wrap-up`,
  closed: msg`Closed`,
} as const satisfies Record<Conversation["status"], unknown>;
