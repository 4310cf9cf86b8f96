import { QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiProblem } from "../../api/problems";
import { useDeskStore } from "../../store/use-desk";

const MAX_TRIES = 3;

/** What the administrator's screens have read. A thing is read anew when an event says that it has changed. */
export function newQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        retry: (tries, error) => tries < MAX_TRIES && error instanceof ApiProblem && error.isTransient,
      },
    },
  });
}

/**
 * Read something. The first part of `key` is how the kinds of its events begin: `["page", id]` is read anew
 * after `page.checked`.
 */
export function useRead<Data>(key: readonly [string, ...string[]], read: () => Promise<Data>, enabled = true) {
  return useQuery({ queryKey: key, queryFn: read, enabled });
}

/** Say that something of these kinds has changed, as one does after saving it. */
export function useChanged(): (...kinds: string[]) => Promise<void> {
  const queries = useQueryClient();
  return async (...kinds) => {
    await Promise.all(kinds.map((kind) => queries.invalidateQueries({ queryKey: [kind] })));
  };
}

/** A busy desk tells of twenty things a second: each kind is read anew once in so long. */
const GATHER_MILLISECONDS = 1_000;

/** Read anew what the event stream says has changed. */
export function useFollowEvents(): void {
  const store = useDeskStore();
  const queries = useQueryClient();
  useEffect(() => {
    const kinds = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | null = null;
    function flush() {
      timer = null;
      for (const kind of kinds) {
        void queries.invalidateQueries({ queryKey: [kind] });
      }
      kinds.clear();
    }
    const leave = store.onEvents((events) => {
      for (const event of events) {
        kinds.add(event.kind.split(".")[0] ?? "");
      }
      // While a page is provisioned Meta verifies its account's callback.
      if (kinds.has("page")) {
        kinds.add("account");
      }
      timer ??= setTimeout(flush, GATHER_MILLISECONDS);
    });
    return () => {
      leave();
      if (timer !== null) {
        clearTimeout(timer);
      }
    };
  }, [store, queries]);
}

interface Page<Row> {
  items: Row[];
  next_cursor: string | null;
}

/** A whole list, page by page. */
export async function allOf<Row>(read: (query: { limit: number; cursor?: string }) => Promise<{ data?: Page<Row> }>): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const { data }: { data?: Page<Row> } = await read(cursor === null ? { limit: 200 } : { limit: 200, cursor });
    rows.push(...(data?.items ?? []));
    cursor = data?.next_cursor ?? null;
  } while (cursor !== null);
  return rows;
}
