import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { VList, type VListHandle } from "virtua";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { day } from "../ui/durations";
import { Bubble } from "./bubble";
import { entriesOf } from "./entries";
import { OutgoingBubble } from "./outgoing-bubble";
import { useReadPosition } from "./read-position";

/** So near to the end one follows what comes; further up one reads, and nothing moves. */
const NEAR_PIXELS = 48;
/** So near to the beginning the older messages are loaded. */
const EARLY_PIXELS = 400;

/** The thread, newest at the end. */
export function MessageList({ row }: { row: Conversation }) {
  const store = useDeskStore();
  const { i18n, t } = useLingui();
  const customerId = row.customer.id;
  const thread = useDesk((state) => state.threads[customerId]);
  const allOutgoing = useDesk((state) => state.outgoing);
  const list = useRef<VListHandle>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const [isPrepending, setPrepending] = useState(false);
  const [seenCount, setSeenCount] = useState(0);
  const [problem, setProblem] = useState<unknown>(null);

  const entries = useMemo(() => {
    const outgoing = allOutgoing.filter((item) => item.conversationId === row.id);
    return thread === undefined ? [] : entriesOf(thread.messages, outgoing);
  }, [thread, allOutgoing, row.id]);
  const count = thread?.messages.length ?? 0;
  useReadPosition(row, thread?.messages, isAtEnd);

  useEffect(() => {
    store.loadThread(customerId).catch(setProblem);
  }, [store, customerId]);

  // Follow the end, unless one reads further up.
  useLayoutEffect(() => {
    if (isAtEnd && entries.length > 0) {
      list.current?.scrollToIndex(entries.length - 1, { align: "end" });
      setSeenCount(count);
    }
  }, [entries, isAtEnd, count]);

  async function loadOlder() {
    setPrepending(true);
    try {
      const before = store.state.threads[customerId]?.messages.length ?? 0;
      await store.loadThread(customerId, true);
      setSeenCount((seen) => seen + (store.state.threads[customerId]?.messages.length ?? 0) - before);
    } catch (error) {
      setProblem(error);
    }
  }

  function onScroll(offset: number) {
    const handle = list.current;
    if (handle === null) {
      return;
    }
    setAtEnd(handle.scrollSize - handle.viewportSize - offset <= NEAR_PIXELS);
    if (offset < EARLY_PIXELS && thread?.hasOlder === true && !isPrepending) {
      void loadOlder();
    }
  }

  if (thread === undefined) {
    return <div className="messages">{problem !== null && <p role="alert">{textOf(problem)}</p>}</div>;
  }
  const fresh = count - seenCount;
  return (
    <div className="messages" role="log" aria-label={t`Messages`}>
      <VList ref={list} shift={isPrepending} onScroll={onScroll} onScrollEnd={() => setPrepending(false)} className="message-scroll">
        {entries.map((entry) => {
          switch (entry.is) {
            case "day":
              return (
                <div key={entry.key} className="day">
                  {day(entry.at, i18n.locales ?? i18n.locale)}
                </div>
              );
            case "message":
              return <Bubble key={entry.key} message={entry.message} continues={entry.continues} />;
            case "outgoing":
              return <OutgoingBubble key={entry.key} item={entry.item} />;
          }
        })}
      </VList>
      {!isAtEnd && fresh > 0 && (
        <Button className="button new-messages" onPress={() => setAtEnd(true)}>
          <Plural value={fresh} one="# new" other="# new" /> <span aria-hidden>↓</span>
          <span className="visually-hidden">
            <Trans>Go to the newest message</Trans>
          </span>
        </Button>
      )}
    </div>
  );
}
