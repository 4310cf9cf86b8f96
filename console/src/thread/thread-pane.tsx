import { Trans } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { Participants } from "../actions/participants";
import { textOf } from "../api/problem-texts";
import { Composer } from "../composer/composer";
import type { ListName } from "../store/lists";
import { useDesk, useDeskStore } from "../store/use-desk";
import { MessageList } from "./message-list";
import { ThreadHeader } from "./thread-header";
import { WayOut } from "./way-out";

/** One conversation: who, the thread, and the composer. */
export function ThreadPane({ id, list }: { id: string; list: ListName }) {
  const store = useDeskStore();
  const row = useDesk((state) => state.conversations[id]);
  const directory = useDesk((state) => state.directory);
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
  const nameOfAgent = directory?.agents.find((each) => each.id === row.agent_id)?.name ?? "";
  return (
    <main className="thread">
      <div>
        <ThreadHeader row={row} list={list} />
        <Participants row={row} />
      </div>
      <MessageList row={row} />
      <Composer row={row} nameOfAgent={nameOfAgent} wayOut={<WayOut row={row} />} />
    </main>
  );
}
