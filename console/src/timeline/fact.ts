import type { components } from "../api/schema";

/** Something that happened, as the timeline and the stream tell it. */
export type Fact = Pick<
  components["schemas"]["EventView"],
  "id" | "at" | "kind" | "message_id" | "actor_kind" | "actor_id"
> & { data: Record<string, unknown> };

/** A text of a fact's data; "" where it has none. */
export function textIn(fact: Fact, name: string): string {
  const value = fact.data[name];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
