import { msg } from "@lingui/core/macro";
import type { MessageDescriptor } from "@lingui/core";
import type { LogEvent } from "../live/blocks";

/** The first steps, in the order in which one is led through them. */
export const STEPS = ["write", "accept", "answer", "travel", "hold", "return", "end", "why"] as const;
export type Step = (typeof STEPS)[number];

/** These need the time to be moved, or 24 hours of patience. */
export const NEEDS_TIME_TRAVEL: ReadonlySet<Step> = new Set<Step>(["travel", "hold", "return"]);

/** What to do, and how. */
export const STEP_TEXTS: Record<Step, { title: MessageDescriptor; how: MessageDescriptor }> = {
  write: {
    title: msg`Write as a customer`,
    how: msg`Press "Write as customer" above: Messenger opens beside this. Write "hello" there.`,
  },
  accept: {
    title: msg`Accept the conversation`,
    how: msg`It is offered to you below the list: press Accept. Or take it from the list Open.`,
  },
  answer: {
    title: msg`Answer`,
    how: msg`Write a reply and press Send, then look at Messenger.`,
  },
  travel: {
    title: msg`Let 24 hours pass`,
    how: msg`Press +24 h above. The strip over your reply says what is locked now, and why.`,
  },
  hold: {
    title: msg`Hold a reply`,
    how: msg`Write a reply all the same and press Hold: it waits until the customer writes again.`,
  },
  return: {
    title: msg`Write as the customer again`,
    how: msg`Write in Messenger once more: the held reply is offered to you. Press Send now on it.`,
  },
  end: {
    title: msg`End it, and answer the survey`,
    how: msg`Press End, then press a number in Messenger.`,
  },
  why: {
    title: msg`Read why`,
    how: msg`Press "Why?" above the conversation: its timeline gives a reason for each thing that happened.`,
  },
};

/** Which step an event is the mark of; null for most. `me`: whose steps they are. */
export function stepOf(event: LogEvent, me: string): Step | null {
  const row = event.conversation;
  switch (event.kind) {
    case "message.received":
      return "write";
    // The customer's answer to the survey is told to supervisors alone.
    case "conversation.wrap_up":
      return row?.agent_id === me ? "end" : null;
    case "conversation.active":
      return row?.agent_id === me && row.phase === "in_conversation" ? "accept" : null;
    case "message.sent":
      return event.message?.sender_kind === "agent" && event.message.agent_id === me ? "answer" : null;
    case "window.stage_changed":
      return event.data["from"] === "standard" ? "travel" : null;
    case "message.held":
      return "hold";
    case "message.held_offered":
      return "return";
    default:
      return null;
  }
}

/** The first step that is not done yet; null when all are. */
export function nextStep(done: ReadonlySet<Step>, hasTimeTravel: boolean): Step | null {
  return STEPS.find((step) => !done.has(step) && (hasTimeTravel || !NEEDS_TIME_TRAVEL.has(step))) ?? null;
}
