import type { LogEvent } from "../live/blocks";

/** What is older is no news: a morning does not begin with a hundred notifications. */
const MAX_AGE_MILLISECONDS = 30_000;

export interface Alert {
  kind: "offer" | "message";
  conversationId: string;
}

/** What somebody is told of by an event: an offer to them, or a customer's message outside the open conversation. */
export function alertOf(
  event: Pick<LogEvent, "kind" | "at" | "conversation_id" | "data" | "conversation">,
  me: string,
  openId: string | null,
  nowMilliseconds: number,
): Alert | null {
  const { conversation_id: conversationId, conversation: row } = event;
  if (conversationId === null || nowMilliseconds - Date.parse(event.at) > MAX_AGE_MILLISECONDS) {
    return null;
  }
  if (event.kind === "offer.made" || event.kind === "consult.asked") {
    const isToMe = event.data["agent_id"] === me || event.data["participant_id"] === me || row?.offer?.agent_id === me;
    return isToMe ? { kind: "offer", conversationId } : null;
  }
  if (event.kind === "message.received" && row?.agent_id === me && row.phase !== "awaiting_acceptance" && conversationId !== openId) {
    return { kind: "message", conversationId };
  }
  return null;
}

/** What ends the news of an offer: it was answered, or is over. */
export function endsOffer(kind: string): boolean {
  return /^(offer|consult)\.(accepted|declined|timed_out|withdrawn)$/.test(kind);
}
