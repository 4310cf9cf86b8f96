import "./composer.css";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import type { Conversation } from "../api/types";
import type { DraftKind } from "../store/drafts";
import { useDeskStore } from "../store/use-desk";
import { isClosingSoon } from "../ui/closing-soon";
import { useSecond } from "../ui/use-second";
import { NoteComposer } from "./note-composer";
import { outlookOf } from "./outlook";
import { ReplyComposer, type ReplyContext } from "./reply-composer";
import { WindowStrip } from "./window-strip";

export interface ComposerProps extends ReplyContext {
  row: Conversation;
  nameOfAgent: string;
  wayOut: ReactNode;
  kind: DraftKind;
  onKind(kind: DraftKind): void;
  /** Whoever chooses a kind wants to write; who opens a conversation may want to read first. */
  takesFocus: boolean;
}

/** One conversation's composer: never used for another, so that no text goes to the wrong customer. */
export function Composer({ row, nameOfAgent, wayOut, kind, onKind, takesFocus, ...context }: ComposerProps) {
  const store = useDeskStore();
  const { t } = useLingui();
  const outlook = outlookOf(row, store.agentId, isClosingSoon(row, useSecond()));
  return (
    <footer className={`composer ${kind}`}>
      <WindowStrip row={row} outlook={outlook} nameOfAgent={nameOfAgent} action={wayOut} />
      <ToggleButtonGroup
        className="kinds"
        aria-label={t`What to write`}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[kind]}
        onSelectionChange={(keys) => onKind(keys.has("note") ? "note" : "reply")}
      >
        <ToggleButton id="reply" className="kind">
          <Trans>Reply</Trans> <kbd>R</kbd>
        </ToggleButton>
        <ToggleButton id="note" className="kind">
          <Trans>Note</Trans> <kbd>N</kbd>
        </ToggleButton>
      </ToggleButtonGroup>
      {kind === "reply" ? (
        <ReplyComposer row={row} outlook={outlook} takesFocus={takesFocus} {...context} />
      ) : (
        <NoteComposer row={row} takesFocus={takesFocus} />
      )}
    </footer>
  );
}
