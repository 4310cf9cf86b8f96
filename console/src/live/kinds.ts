/** The kinds of events after which the console reads something anew, beside the conversation's own row. */
export type EventKind =
  | "offer.made"
  | "offer.accepted"
  | "offer.declined"
  | "offer.timed_out"
  | "offer.withdrawn"
  | "agent.presence_changed";

/** After these what one has to do is another. */
export const CHANGES_WORK = /^(offer\.|agent\.presence|slot\.|conversation\.|session\.|participant\.)/;

/** After these the directory's names or presences are others. */
export const CHANGES_DIRECTORY = /^(agent\.|queue\.|page\.|workstream\.)/;
