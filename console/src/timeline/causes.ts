import { type Fact, textIn } from "./fact";

/** Facts that follow from another one share these. */
const SHARED: readonly (readonly [RegExp, string])[] = [
  [/^(offer|conversation\.active)/, "offer_id"],
  [/^session\.closed/, "session_id"],
  [/^survey\./, "survey_id"],
  [/^(consult|participant)\./, "participant_id"],
  [/^(conversation|message)\./, "rule_id"],
];

/**
 * The fact that this one follows from, among those that are loaded, newest first; null where there is none. A
 * window closes because it was opened, a message fails because it was written, a move follows its rule.
 */
export function causeOf(fact: Fact, newestFirst: readonly Fact[]): Fact | null {
  const earlier = newestFirst.slice(newestFirst.findIndex((each) => each.id === fact.id) + 1);
  const last = (isIt: (each: Fact) => boolean) => earlier.find(isIt) ?? null;
  if (fact.kind === "event.retracted") {
    return last((each) => each.id === fact.data["event_id"]);
  }
  if (fact.kind === "window.stage_changed" || fact.kind === "window.closing_soon") {
    return last((each) => each.kind === "window.opened" || each.kind === "message.received");
  }
  if (fact.kind === "message.held_offered") {
    return last((each) => each.kind === "message.received");
  }
  if (fact.message_id !== null) {
    return last((each) => each.message_id === fact.message_id);
  }
  for (const [kinds, name] of SHARED) {
    const value = textIn(fact, name);
    if (value !== "" && kinds.test(fact.kind)) {
      const found = last((each) => textIn(each, name) === value);
      if (found !== null) {
        return found;
      }
    }
  }
  return null;
}

/** The facts that turned out not to be true. */
export function retractedIds(facts: readonly Fact[]): ReadonlySet<number> {
  return new Set(facts.filter((each) => each.kind === "event.retracted").map((each) => Number(each.data["event_id"])));
}
