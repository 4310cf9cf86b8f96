import "./thread.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";
import { Participants } from "../actions/participants";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { Composer } from "../composer/composer";
import { useKeys } from "../keys/use-keys";
import type { DraftKind } from "../store/drafts";
import type { ListName } from "../store/lists";
import { useDesk, useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";
import { markUnread } from "./mark-unread";
import { MessageList, type MessageListHandle } from "./message-list";
import { ThreadHeader } from "./thread-header";
import { useUnseen } from "./unseen";
import { WayOut } from "./way-out";

/** What an address ends with that names a message: "#message-" and its id. */
const MESSAGE = "message-";

/** One conversation: who, the thread, and the composer. */
export function ThreadPane({ id, list }: { id: string; list: ListName }) {
  const store = useDeskStore();
  const row = useDesk((state) => state.conversations[id]);
  const [problem, setProblem] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  const isKnown = row !== undefined;

  useEffect(() => {
    if (!isKnown) {
      store.loadConversation(id).catch(setProblem);
    }
  }, [store, id, isKnown, tries]);

  if (row === undefined) {
    return (
      <main className="thread empty">
        {problem !== null && (
          <>
            <p role="alert">{textOf(problem)}</p>
            <Button className="button" onPress={() => (setProblem(null), setTries(tries + 1))}>
              <Trans>Try again</Trans>
            </Button>
          </>
        )}
      </main>
    );
  }
  return <KnownThread row={row} list={list} />;
}

function KnownThread({ row, list }: { row: Conversation; list: ListName }) {
  const store = useDeskStore();
  const { t } = useLingui();
  const say = useNotice();
  const navigate = useNavigate();
  const messages = useDesk((state) => state.threads[row.customer.id]?.messages);
  const nameOfAgent = useDesk((state) => state.directory?.agents.find((each) => each.id === row.agent_id)?.name ?? "");
  const messageList = useRef<MessageListHandle>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const [kind, setKindState] = useState<DraftKind>("reply");
  const [takesFocus, setTakesFocus] = useState(false);
  const [replyTo, setReplyTo] = useState<string | null>(null);
  const unseen = useUnseen(messages, isAtEnd, store.agentId);
  const files = useFileDrop((dropped) => {
    setKind("reply");
    store.attach(row, dropped).catch((error: unknown) => say(textOf(error)));
  });
  useKeys({ note: () => setKind("note"), reply: () => setKind("reply"), unread: () => void leaveUnread() });

  // A search result names its message in the address.
  const named = useLocation({ select: ({ hash }) => (hash.startsWith(MESSAGE) ? hash.slice(MESSAGE.length) : null) });
  const isLoaded = messages !== undefined;
  useEffect(() => {
    if (named !== null && isLoaded) {
      messageList.current?.show(named);
    }
  }, [named, isLoaded]);

  // Left at once, because what is read here counts as read.
  async function leaveUnread() {
    await navigate({ to: "/inbox/$list", params: { list } });
    try {
      await markUnread(row, messages ?? []);
      await store.loadConversation(row.id);
    } catch (error) {
      say(textOf(error));
    }
  }

  // Whoever asks for the kind that is open wants to write, too.
  function setKind(wanted: DraftKind) {
    setKindState(wanted);
    setTakesFocus(true);
    document.querySelector<HTMLElement>(".composer textarea")?.focus();
  }

  return (
    <main className="thread" {...files.handlers}>
      <div>
        <ThreadHeader row={row} list={list} />
        <Participants row={row} />
      </div>
      <MessageList
        ref={messageList}
        row={row}
        onEnd={setAtEnd}
        onReplyTo={(messageId) => {
          setReplyTo(messageId);
          setKind("reply");
        }}
      />
      <Composer
        row={row}
        nameOfAgent={nameOfAgent}
        wayOut={<WayOut row={row} onNote={() => setKind("note")} />}
        kind={kind}
        onKind={setKind}
        takesFocus={takesFocus}
        replyTo={replyTo}
        onReplyTo={setReplyTo}
        unseen={unseen}
        onShowUnseen={() => messageList.current?.showEnd()}
      />
      {files.isOver && <div className="drop-here">{t`Drop files to send them`}</div>}
    </main>
  );
}

/** Files that are dropped anywhere on the thread. */
function useFileDrop(onDropped: (files: readonly File[]) => void) {
  const [depth, setDepth] = useState(0);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return {
    isOver: depth > 0,
    handlers: {
      onDragEnter: (event: DragEvent) => hasFiles(event) && setDepth((deep) => deep + 1),
      onDragLeave: (event: DragEvent) => hasFiles(event) && setDepth((deep) => Math.max(0, deep - 1)),
      onDragOver: (event: DragEvent) => hasFiles(event) && event.preventDefault(),
      onDrop: (event: DragEvent) => {
        if (hasFiles(event)) {
          event.preventDefault();
          setDepth(0);
          onDropped([...event.dataTransfer.files]);
        }
      },
    },
  };
}
