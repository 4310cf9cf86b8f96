import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Schemas } from "../kit/types";

interface Named {
  label: MessageDescriptor;
  hint: MessageDescriptor;
}

export const MODES: Record<Schemas["DistributionMode"], Named> = {
  push: { label: msg`Push`, hint: msg`Each conversation is offered to one agent at a time, who has room and may have it.` },
  pick: { label: msg`Pick`, hint: msg`Conversations are listed, and agents take them.` },
};

export const PRESENCES: Record<Schemas["PresenceKind"], MessageDescriptor> = {
  available: msg`Available`,
  busy: msg`Busy`,
  do_not_disturb: msg`Do not disturb`,
  away: msg`Away`,
  inactive: msg`Inactive`,
  offline: msg`Offline`,
};

/** To which presences work may be offered; nobody is offered anything who is not there. */
export const OFFERABLE = ["available", "busy", "do_not_disturb", "away"] as const;

export const SKILL_MATCHING: Record<Schemas["SkillMatching"], Named> = {
  exact: { label: msg`Exact`, hint: msg`Only who has all skills that are asked for.` },
  closest: { label: msg`Closest`, hint: msg`Who comes nearest, if nobody has them all.` },
  none: { label: msg`None`, hint: msg`Skills are not looked at.` },
};
