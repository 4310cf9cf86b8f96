import { msg } from "@lingui/core/macro";

/** What presences are called. */
export const PRESENCE_NAMES = {
  available: msg`Available`,
  busy: msg`Busy`,
  do_not_disturb: msg`Do not disturb`,
  away: msg`Away`,
  inactive: msg`Inactive`,
  offline: msg`Offline`,
} as const;

/** What one may choose; `inactive` is set by the desk after a missed offer. */
export const CHOICES = ["available", "busy", "do_not_disturb", "away", "offline"] as const;
export type Choice = (typeof CHOICES)[number];
