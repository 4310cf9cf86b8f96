import { useEffect, useState } from "react";
import type { Message } from "../api/types";

/** What has stood in view for so long, in a window with the focus, counts as seen. */
const SEEN_AFTER_MILLISECONDS = 2_000;

/** How many replies of others came after what one has seen: of colleagues, the Page inbox, other apps. */
export function countUnseen(messages: readonly Message[], seen: ReadonlySet<string>, agentId: string): number {
  // What stands before all that was seen is history that was loaded since.
  const first = messages.findIndex((message) => seen.has(message.id));
  return messages.slice(Math.max(0, first)).filter((message) => !seen.has(message.id) && isReplyOfAnother(message, agentId)).length;
}

function isReplyOfAnother(message: Message, agentId: string): boolean {
  const isColleagues = message.sender_kind === "agent" && message.agent_id !== agentId;
  return message.direction === "outbound" && (isColleagues || message.sender_kind === "outside");
}

/** The replies of others that one may not have seen; what is there when one comes counts as seen. */
export function useUnseen(messages: readonly Message[] | undefined, isAtEnd: boolean, agentId: string): number {
  const [seen, setSeen] = useState<ReadonlySet<string> | null>(null);
  useEffect(() => {
    if (messages === undefined) {
      return;
    }
    const all = new Set(messages.map((message) => message.id));
    setSeen((known) => known ?? all);
    if (!isAtEnd) {
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => document.hasFocus() && setSeen(all), SEEN_AFTER_MILLISECONDS);
    };
    wait();
    globalThis.addEventListener("focus", wait);
    return () => {
      clearTimeout(timer);
      globalThis.removeEventListener("focus", wait);
    };
  }, [messages, isAtEnd]);
  return messages === undefined || seen === null ? 0 : countUnseen(messages, seen, agentId);
}
