import { useLingui } from "@lingui/react/macro";
import { useRouteContext } from "@tanstack/react-router";
import { createContext, type ReactNode, useCallback, useContext, useState } from "react";
import { textOf } from "../api/problem-texts";
import { ApiProblem } from "../api/problems";
import type { Conversation } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";
import { STATUS_NAMES } from "../ui/status-names";
import { useAct } from "./act";
import { type DialogName, OFFERED, type OfferedName, offeredTo, whyNot } from "./action-list";
import { ActionDialog } from "./action-dialog";

const AskContext = createContext<(conversationId: string, what: DialogName) => void>(() => {});

/** Shows the dialogs that actions of what is inside ask for. */
export function ActionDialogs({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<{ id: string; what: DialogName } | null>(null);
  const ask = useCallback((id: string, what: DialogName) => setAsked({ id, what }), []);
  const row = useDesk((state) => (asked === null ? undefined : state.conversations[asked.id]));
  return (
    <AskContext value={ask}>
      {children}
      {asked !== null && row !== undefined && <ActionDialog what={asked.what} row={row} onClose={() => setAsked(null)} />}
    </AskContext>
  );
}

export interface OfferedAction {
  name: OfferedName;
  title: string;
  /** Why it is not possible now; null where it is. */
  reason: string | null;
  run: () => void;
}

/** All that one may see offered for a conversation, and what pressing it does. What is illegal says why. */
export function useActions(row: Conversation): OfferedAction[] {
  const { i18n, t } = useLingui();
  const ask = useContext(AskContext);
  const act = useAct();
  const say = useNotice();
  const { agentId } = useDeskStore();
  const { signIn } = useRouteContext({ strict: false });
  const status = i18n._(STATUS_NAMES[row.status]);
  const reasonOf = (code: string) => {
    if (code === "invalid_state") {
      return t`Not possible while it is: ${status}`;
    }
    // Of oneself the API's code means that one is in it already.
    return code === "agent_not_available" && row.agent_id === agentId ? t`You have it yourself.` : textOf(new ApiProblem(code, 409, code));
  };
  return offeredTo(signIn?.agent.role ?? "agent").map((name) => {
    const code = whyNot(row, name);
    const reason = code === null ? null : reasonOf(code);
    const { title, ...offered } = OFFERED[name];
    const dialog = "dialog" in offered ? offered.dialog : name === "complete" && needsCode(row) ? "complete" : undefined;
    const run = () => {
      if (reason !== null) {
        say(reason);
      } else if (dialog === undefined) {
        void act(row.id, name).then((problem) => problem !== null && say(problem));
      } else {
        ask(row.id, dialog);
      }
    };
    return { name, title: i18n._(title), reason, run };
  });
}

/** Whether it has to be said what the conversation was about before it is closed. */
function needsCode(row: Conversation): boolean {
  return row.disposition_required && row.disposition_code_id === null;
}
