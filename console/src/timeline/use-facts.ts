import { useCallback, useEffect, useReducer } from "react";
import { api, bodyOf } from "../api/client";
import { useDeskStore } from "../store/use-desk";
import type { Fact } from "./fact";

const PAGE = 100;

interface Facts {
  newestFirst: readonly Fact[];
  /** null: all is here. undefined: nothing was loaded yet. */
  nextCursor: string | null | undefined;
  error: unknown;
}

type Change = { came: readonly Fact[] } | { loaded: readonly Fact[]; nextCursor: string | null } | { error: unknown };

/** Put facts among those at hand, newest first and each once. */
export function merged(known: readonly Fact[], more: readonly Fact[]): readonly Fact[] {
  const byId = new Map([...known, ...more].map((fact) => [fact.id, fact]));
  return [...byId.values()].toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || b.id - a.id);
}

function reduce(facts: Facts, change: Change): Facts {
  if ("error" in change) {
    return { ...facts, error: change.error };
  }
  if ("came" in change) {
    return { ...facts, newestFirst: merged(facts.newestFirst, change.came) };
  }
  return { newestFirst: merged(facts.newestFirst, change.loaded), nextCursor: change.nextCursor, error: null };
}

/** A conversation's timeline, newest first, which grows while one looks on. */
export function useFacts(conversationId: string) {
  const store = useDeskStore();
  const [facts, change] = useReducer(reduce, { newestFirst: [], nextCursor: undefined, error: null });

  const load = useCallback(
    async (cursor: string | null) => {
      try {
        const page = await bodyOf(
          api.GET("/v1/conversations/{conversation_id}/timeline", {
            params: {
              path: { conversation_id: conversationId },
              query: { order: "newest", limit: PAGE, ...(cursor === null ? {} : { cursor }) },
            },
          }),
        );
        change({ loaded: page.items as readonly Fact[], nextCursor: page.next_cursor });
      } catch (error) {
        change({ error });
      }
    },
    [conversationId],
  );

  useEffect(() => {
    const stop = store.onEvents((events) => {
      const ours = events.filter((event) => event.conversation_id === conversationId);
      if (ours.length > 0) {
        change({ came: ours as readonly Fact[] });
      }
    });
    void load(null);
    return stop;
  }, [store, conversationId, load]);

  return { ...facts, load };
}
