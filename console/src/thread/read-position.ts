import { useEffect } from "react";
import { api } from "../api/client";
import { useDeskStore } from "../store/use-desk";
import type { Conversation, Message } from "../api/types";

/** Notes how far one has read: only while the window has the focus and the end of the thread is in view. */
export function useReadPosition(row: Conversation, messages: readonly Message[] | undefined, isAtEnd: boolean): void {
  const store = useDeskStore();
  const last = messages?.at(-1)?.id;
  const { id, unread } = row;
  useEffect(() => {
    if (last === undefined || unread === 0 || !isAtEnd) {
      return;
    }
    const mark = () => {
      if (document.hasFocus()) {
        // Tried again with the next message: nothing of the person's depends on it.
        void api
          .PUT("/v1/conversations/{conversation_id}/read", { params: { path: { conversation_id: id } }, body: { up_to: last } })
          .then(() => store.loadConversation(id))
          .catch(() => {});
      }
    };
    mark();
    globalThis.addEventListener("focus", mark);
    return () => globalThis.removeEventListener("focus", mark);
  }, [store, id, unread, last, isAtEnd]);
}
