import { useEffect, useRef, useState } from "react";
import { api, bodyOf } from "../api/client";
import type { FilledQuickReply } from "../api/types";

const MAX_SHOWN = 8;
const PATIENCE_MILLISECONDS = 120;

export interface FoundQuickReplies {
  items: readonly FilledQuickReply[];
  isLoading: boolean;
  problem: unknown;
}

const NONE: FoundQuickReplies = { items: [], isLoading: false, problem: null };

/** What can be used in a conversation, best first, as its customer would read it. Null asks for nothing. */
export function useQuickReplies(conversationId: string, query: string | null): FoundQuickReplies {
  const [found, setFound] = useState<FoundQuickReplies>(NONE);
  const asked = useRef(0);
  useEffect(() => {
    asked.current += 1;
    const turn = asked.current;
    if (query === null) {
      setFound(NONE);
      return;
    }
    setFound((former) => ({ ...former, isLoading: true, problem: null }));
    const timer = setTimeout(() => {
      const answer = bodyOf(
        api.GET("/v1/conversations/{conversation_id}/quick-replies", {
          params: { path: { conversation_id: conversationId }, query: { limit: MAX_SHOWN, ...(query === "" ? {} : { q: query }) } },
        }),
      );
      answer.then(
        (page) => turn === asked.current && setFound({ items: page.items, isLoading: false, problem: null }),
        (problem: unknown) => turn === asked.current && setFound({ items: [], isLoading: false, problem }),
      );
    }, PATIENCE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [conversationId, query]);
  return found;
}
