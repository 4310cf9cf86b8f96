import { msg } from "@lingui/core/macro";

/** What the board's table of conversations shows: the drill-down of a number. Kept in the address. */
export interface BoardFilter {
  show: "open" | "active" | "waiting" | "wrap_up" | "closing_soon" | "held" | "unknown" | "all";
  queue?: string;
  agent?: string;
}

export const SHOWN = ["all", "open", "active", "waiting", "wrap_up", "closing_soon", "held", "unknown"] as const;

export const SHOWN_NAMES = {
  all: msg`All that are not closed`,
  open: msg`Waiting for an agent`,
  active: msg`With an agent`,
  waiting: msg`Waiting for the customer`,
  wrap_up: msg`Wrap-up`,
  closing_soon: msg`Closing soon`,
  held: msg`With held messages`,
  unknown: msg`With messages of unknown outcome`,
} as const satisfies Record<BoardFilter["show"], unknown>;

const LIVE = ["open", "active", "waiting", "wrap_up"] as const;

/** What an address asks for; what it does not say, or says wrongly, is all. */
export function filterOf(search: Record<string, unknown>): BoardFilter {
  const text = (name: string) => (typeof search[name] === "string" ? search[name] : undefined);
  const show = SHOWN.find((each) => each === search["show"]) ?? "all";
  const [queue, agent] = [text("queue"), text("agent")];
  return { show, ...(queue === undefined ? {} : { queue }), ...(agent === undefined ? {} : { agent }) };
}

/** The query of `GET /v1/conversations` for a filter; `held` and `unknown` are found by their messages first. */
export function queryOf(filter: BoardFilter): Record<string, string | readonly string[]> {
  const status =
    filter.show === "open" || filter.show === "active" || filter.show === "waiting" || filter.show === "wrap_up" ? [filter.show] : LIVE;
  return {
    status,
    ...(filter.show === "closing_soon" ? { window: "closing_soon" } : {}),
    ...(filter.queue === undefined ? {} : { queue_id: filter.queue }),
    ...(filter.agent === undefined ? {} : { agent_id: filter.agent }),
  };
}
