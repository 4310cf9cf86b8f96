import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { now } from "../live/clock";
import { api, bodyOf } from "../api/client";
import type { components } from "../api/schema";
import type { Conversation } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { type BoardFilter, queryOf } from "./filters";
import type { QueueState } from "./numbers";

/** After these, what the board shows is another. */
const CHANGES_BOARD = /^(conversation|offer|session|message|window|slot|participant|queue|agent)\./;
const PAUSE_MILLISECONDS = 1_000;
const PAGE = 200;
const BOARD = "board";

/** Reads the board anew when something of it happened: once a second at most, and never without an event. */
export function useBoardEvents(): void {
  const store = useDeskStore();
  const queries = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = store.onEvents((events) => {
      if (timer === null && events.some((event) => CHANGES_BOARD.test(event.kind))) {
        timer = setTimeout(() => {
          timer = null;
          void queries.invalidateQueries({ queryKey: [BOARD] });
        }, PAUSE_MILLISECONDS);
      }
    });
    return () => {
      stop();
      if (timer !== null) {
        clearTimeout(timer);
      }
    };
  }, [store, queries]);
}

/** How each queue that one sees stands now, in the order of the directory. */
export function useQueueStates() {
  const queues = useDesk((state) => state.directory?.queues);
  return useQuery({
    queryKey: [BOARD, "queues", queues?.map((queue) => queue.id)],
    enabled: queues !== undefined,
    placeholderData: (former: { at: number; states: QueueState[] } | undefined) => former,
    queryFn: async () => ({
      at: now(),
      states: await Promise.all(
        (queues ?? []).map((queue) =>
          bodyOf(api.GET("/v1/queues/{queue_id}/state", { params: { path: { queue_id: queue.id } } })),
        ),
      ),
    }),
  });
}

/** The conversations that have messages of a status, each once. */
export function useConversationsWith(status: "held" | "unknown") {
  return useQuery({
    queryKey: [BOARD, "messages", status],
    placeholderData: (former: string[] | undefined) => former,
    queryFn: async () => {
      const page = await bodyOf(api.GET("/v1/messages", { params: { query: { status, order: "newest", limit: PAGE } } }));
      return [...new Set(page.items.map((message) => message.conversation_id).filter((id) => id !== null))];
    },
  });
}

/** The newest conversations of a filter, at least `most` of them. `ids`: of these alone. */
export function useFiltered(filter: BoardFilter, ids: readonly string[] | null, most: number) {
  return useQuery({
    queryKey: [BOARD, "conversations", filter, ids, most],
    placeholderData: (former: { rows: readonly Conversation[]; isWhole: boolean } | undefined) => former,
    queryFn: async () => {
      if (ids !== null) {
        return { rows: ids.length === 0 ? [] : await read({ ids }), isWhole: true };
      }
      const rows: Conversation[] = [];
      let cursor: string | null = null;
      do {
        const page = await readPage({ ...queryOf(filter), ...(cursor === null ? {} : { cursor }) });
        rows.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor !== null && rows.length < most);
      return { rows, isWhole: cursor === null };
    },
  });
}

async function read(query: object): Promise<readonly Conversation[]> {
  return (await readPage(query)).items;
}

function readPage(query: object): Promise<{ items: Conversation[]; next_cursor: string | null }> {
  return bodyOf(api.GET("/v1/conversations", { params: { query: { limit: PAGE, ...query } as never } }));
}

/** What today's report says of queues, up to now. */
export function useToday(day: string, timeZone: string) {
  return useQuery({
    queryKey: ["report", "queues", day, timeZone],
    queryFn: async () =>
      (await bodyOf(
        api.GET("/v1/reports/queues", { params: { query: { from: day, to: day, time_zone: timeZone, format: "json" } } }),
      )) as components["schemas"]["ReportView"],
  });
}
