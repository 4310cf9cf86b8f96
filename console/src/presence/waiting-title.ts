import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useDesk } from "../store/use-desk";

/** The tab's title: how much waits for somebody, and what the session template calls the open conversation. */
export function titleOf(waiting: number, open: string | null): string {
  const name = open === null || open === "" ? "Pagedesk" : `${open} · Pagedesk`;
  return waiting > 0 ? `(${waiting}) ${name}` : name;
}

/** Keep the tab's title right. What waits is counted by the server: one's own conversations, and offers. */
export function useWaitingTitle(): void {
  const { conversationId } = useParams({ strict: false });
  const mine = useDesk((state) => state.counts?.mine ?? 0);
  const offers = useDesk((state) => state.work?.offers.length ?? 0);
  const open = useDesk((state) => {
    const row = conversationId === undefined ? undefined : state.conversations[conversationId];
    return row === undefined ? null : (row.session?.title ?? row.customer.name);
  });
  const title = titleOf(mine + offers, open);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
