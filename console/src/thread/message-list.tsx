import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { type Ref, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { VList, type VListHandle } from "virtua";
import { textOf } from "../api/problem-texts";
import type { Conversation, Note } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { day } from "../ui/durations";
import { useNotice } from "../ui/notices";
import { Bubble } from "./bubble";
import { type Entry, entriesOf } from "./entries";
import { NoteBubble } from "./note-bubble";
import { OutgoingBubble } from "./outgoing-bubble";
import { keepPosition, keptPosition } from "./positions";
import { useReadPosition } from "./read-position";
import { localesOf } from "../locales/locales-of";

/** So near to the end one follows what comes; further up one reads, and nothing moves. */
const NEAR_PIXELS = 48;
/** So near to the beginning the older messages are loaded. */
const EARLY_PIXELS = 400;
/** So many pages back a quoted message is looked for. */
const MAX_PAGES_BACK = 10;
const MARKED_MILLISECONDS = 2_000;
const NO_NOTES: readonly Note[] = [];

export interface MessageListHandle {
  showEnd(): void;
  show(messageId: string): void;
}

/** The thread, newest at the end. */
export function MessageList({
  row,
  onEnd,
  onReplyTo,
  ref,
}: {
  row: Conversation;
  onEnd(isAtEnd: boolean): void;
  onReplyTo(messageId: string): void;
  ref: Ref<MessageListHandle>;
}) {
  const store = useDeskStore();
  const { i18n, t } = useLingui();
  const say = useNotice();
  const customerId = row.customer.id;
  const thread = useDesk((state) => state.threads[customerId]);
  const notes = useDesk((state) => state.notes[customerId] ?? NO_NOTES);
  const allOutgoing = useDesk((state) => state.outgoing);
  const list = useRef<VListHandle>(null);
  const [kept] = useState(() => keptPosition(row.id));
  const [isAtEnd, setAtEndState] = useState(kept === null);
  const [isPrepending, setPrepending] = useState(false);
  const [seenCount, setSeenCount] = useState(0);
  const [problem, setProblem] = useState<unknown>(null);
  const [marked, setMarked] = useState<string | null>(null);
  const isPlaced = useRef(false);

  const entries = useMemo(() => {
    const outgoing = allOutgoing.filter((item) => item.conversationId === row.id);
    return thread === undefined ? [] : entriesOf({ ...thread, notes, outgoing });
  }, [thread, notes, allOutgoing, row.id]);
  const newestEntries = useRef(entries);
  newestEntries.current = entries;
  const count = thread?.messages.length ?? 0;
  useReadPosition(row, thread?.messages, isAtEnd);

  function setAtEnd(value: boolean) {
    setAtEndState(value);
    onEnd(value);
  }

  useImperativeHandle(ref, () => ({ showEnd: () => setAtEnd(true), show: (messageId) => void jumpTo(messageId) }));

  useEffect(() => {
    onEnd(kept === null);
    store.loadThread(customerId).catch(setProblem);
    // Without its notes a thread still serves; they come with the next event or the next opening.
    store.loadNotes(customerId).catch(() => {});
    // oxlint-disable-next-line react/exhaustive-deps -- once for each customer
  }, [store, customerId]);

  // Follow the end, unless one reads further up; the first time go where one was.
  useLayoutEffect(() => {
    if (entries.length === 0) {
      return;
    }
    const place = isPlaced.current || kept === null ? -1 : entries.findIndex((entry) => entry.key === kept.key);
    isPlaced.current = true;
    if (place >= 0 && kept !== null) {
      list.current?.scrollToIndex(place, { align: "start", offset: kept.pixels });
      setSeenCount(kept.count);
    } else if (isAtEnd) {
      list.current?.scrollToIndex(entries.length - 1, { align: "end" });
      setSeenCount(count);
    }
  }, [entries, isAtEnd, count, kept]);

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
    const nowAtEnd = handle.scrollSize - handle.viewportSize - offset <= NEAR_PIXELS;
    if (nowAtEnd !== isAtEnd) {
      setAtEnd(nowAtEnd);
    }
    const index = handle.findItemIndex(offset);
    const key = newestEntries.current[index]?.key;
    keepPosition(row.id, nowAtEnd || key === undefined ? null : { key, pixels: offset - handle.getItemOffset(index), count: seenCount });
    if (offset < EARLY_PIXELS && thread?.hasOlder === true && !isPrepending) {
      void loadOlder();
    }
  }

  /** Go to a message, loading what lies between; mark it for a moment. */
  async function jumpTo(messageId: string) {
    const isThere = () => store.state.threads[customerId]?.messages.some((message) => message.id === messageId) ?? false;
    for (let pages = 0; !isThere() && pages < MAX_PAGES_BACK && store.state.threads[customerId]?.hasOlder === true; pages += 1) {
      await loadOlder();
    }
    if (!isThere()) {
      say(t`This message is further back than can be shown here.`);
      return;
    }
    setAtEnd(false);
    // The list has the older messages with the next frame.
    requestAnimationFrame(() => {
      const index = newestEntries.current.findIndex((entry) => entry.key === messageId);
      list.current?.scrollToIndex(index, { align: "center" });
      setMarked(messageId);
      setTimeout(() => setMarked(null), MARKED_MILLISECONDS);
    });
  }

  if (thread === undefined) {
    return (
      <div className="messages">
        {problem !== null && (
          <p role="alert" className="problem">
            {textOf(problem)}
          </p>
        )}
      </div>
    );
  }

  function line(entry: Entry) {
    switch (entry.is) {
      case "day":
        return (
          <div key={entry.key} className="day">
            {day(entry.at, localesOf(i18n))}
          </div>
        );
      case "message":
        return (
          <Bubble
            key={entry.key}
            message={entry.message}
            continues={entry.continues}
            hasReceipt={entry.hasReceipt}
            isMarked={entry.key === marked}
            onReplyTo={row.reply.verdict !== "refused" || row.reply.may_hold ? onReplyTo : null}
            onJump={(messageId) => void jumpTo(messageId)}
          />
        );
      case "notice":
        return (
          <p key={entry.key} className="day" dir="auto">
            {entry.message.text}
          </p>
        );
      case "note":
        return <NoteBubble key={entry.key} note={entry.note} />;
      case "outgoing":
        return <OutgoingBubble key={entry.key} item={entry.item} />;
    }
  }

  const fresh = count - seenCount;
  return (
    <div className="messages" role="log" aria-label={t`Messages`}>
      <VList ref={list} shift={isPrepending} onScroll={onScroll} onScrollEnd={() => setPrepending(false)} className="message-scroll">
        {entries.map(line)}
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
