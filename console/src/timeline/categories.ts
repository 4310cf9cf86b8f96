import { msg } from "@lingui/core/macro";
import { type Fact, textIn } from "./fact";

export const CATEGORIES = ["people", "timers", "rules", "meta", "delivery"] as const;
export type Category = (typeof CATEGORIES)[number];

export const CATEGORY_NAMES = {
  people: msg`People`,
  timers: msg`Timers`,
  rules: msg`Rules`,
  meta: msg`Meta`,
  delivery: msg`Delivery`,
} as const satisfies Record<Category, unknown>;

const OF_TIME = /^(window\.(closing_soon|stage_changed)|offer\.timed_out|consult\.timed_out|survey\.(scheduled|reminded|expired)|message\.expired|conversation\.reserved)$/;
const OF_RULES = /^(rule\.|conversation\.(queued|overflowed|reserved|parked)|offer\.made)/;
const OF_META = /^(window\.|thread\.|webhook\.|event\.|message\.(received|sent|failed|unknown|parked|sent_twice|not_allowed|edited|deleted|reacted))/;
const OF_DELIVERY = /^(message\.(queued|sending|sent|failed|unknown|parked|resent|held|cancelled|expired|not_allowed|withheld)|attachment\.|survey\.(sending|sent|failed|not_allowed))/;
const PEOPLE = new Set<string>(["customer", "agent", "supervisor"]);

/** What a fact has to do with. It may be several things, or nothing of these. */
export function categoriesOf(fact: Fact): readonly Category[] {
  const holds: Record<Category, boolean> = {
    people: PEOPLE.has(fact.actor_kind),
    timers: OF_TIME.test(fact.kind) || textIn(fact, "setting").endsWith("_minutes") || textIn(fact, "setting").endsWith("_limit"),
    rules: OF_RULES.test(fact.kind) || textIn(fact, "rule_id") !== "",
    meta: OF_META.test(fact.kind),
    delivery: OF_DELIVERY.test(fact.kind),
  };
  return CATEGORIES.filter((each) => holds[each]);
}
