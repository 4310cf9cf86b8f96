import { useEffect, useRef } from "react";
import { api } from "../api/client";

const EVERY_MILLISECONDS = 8_000;

/** Shows the customer that somebody types, where Meta lets us: at most each 8 s. */
export function useTypingSign(conversationId: string, isPossible: boolean): () => void {
  const shownAt = useRef(Number.NEGATIVE_INFINITY);
  const tell = (on: boolean) => {
    // A courtesy: nobody is helped by hearing that it failed.
    void api
      .POST("/v1/conversations/{conversation_id}/typing", { params: { path: { conversation_id: conversationId } }, body: { on } })
      .catch(() => {});
  };
  useEffect(
    () => () => {
      if (performance.now() - shownAt.current < EVERY_MILLISECONDS) {
        tell(false);
      }
    },
    // oxlint-disable-next-line react/exhaustive-deps -- when the conversation is left
    [conversationId],
  );
  return () => {
    if (isPossible && performance.now() - shownAt.current >= EVERY_MILLISECONDS) {
      shownAt.current = performance.now();
      tell(true);
    }
  };
}
