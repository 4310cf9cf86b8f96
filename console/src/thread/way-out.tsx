import { Trans } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { useActions } from "../actions/use-actions";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { outlookOf } from "../composer/outlook";
import { useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";
import { isLegal, useCommands } from "./commands";

/** The buttons at the strip that make a reply possible, or what is possible in its place. */
export function WayOut({ row, onNote }: { row: Conversation; onNote(): void }): ReactNode {
  const { agentId } = useDeskStore();
  const command = useCommands();
  const actions = useActions(row);
  const { strip } = outlookOf(row, agentId);
  const complete = isLegal(row, "complete") && (
    <Act onPress={() => actions.find(({ name }) => name === "complete")?.run()}>
      <Trans>Complete</Trans>
    </Act>
  );
  const reopen = isLegal(row, "reopen") && (
    <Act onPress={() => void command(row.id, "reopen")}>
      <Trans>Reopen</Trans>
    </Act>
  );
  const note = (
    <Act onPress={onNote}>
      <Trans>Note</Trans>
    </Act>
  );
  switch (strip) {
    case "tag_needs_session":
      return (
        <Act onPress={() => void command(row.id, "close-session").then((closed) => (closed ? command(row.id, "reopen") : false))}>
          <Trans>Close and reopen session</Trans>
        </Act>
      );
    case "other_app":
      return <ThreadControl row={row} />;
    case "not_yours":
      return (
        <>
          {note}
          {isLegal(row, "join") && (
            <Act onPress={() => void command(row.id, "join")}>
              <Trans>Join</Trans>
            </Act>
          )}
        </>
      );
    case "accept_first":
      return (
        isLegal(row, "accept") && (
          <Act onPress={() => void command(row.id, "accept")}>
            <Trans>Accept</Trans>
          </Act>
        )
      );
    case "nobodys":
      return (
        isLegal(row, "pick") && (
          <Act onPress={() => void command(row.id, "pick")}>
            <Trans>Take it</Trans>
          </Act>
        )
      );
    case "wrap_up":
      return (
        <>
          {note}
          {complete}
        </>
      );
    case "waiting":
      return reopen;
    case "closed":
      return reopen === false ? <NewConversation row={row} /> : reopen;
    default:
      return complete;
  }
}

function Act({ onPress, children }: { onPress(): void; children: ReactNode }) {
  return (
    <Button className="button" onPress={onPress}>
      {children}
    </Button>
  );
}

/** Meta alone decides who has a thread: take it, or ask for it. */
function ThreadControl({ row }: { row: Conversation }) {
  const store = useDeskStore();
  const say = useNotice();

  async function control(what: "take" | "request") {
    try {
      await api.POST(`/v1/conversations/{conversation_id}/thread/${what}`, { params: { path: { conversation_id: row.id } } });
      await store.loadConversation(row.id);
    } catch (error) {
      say(textOf(error));
    }
  }

  return (
    <>
      <Act onPress={() => void control("take")}>
        <Trans>Take</Trans>
      </Act>
      <Act onPress={() => void control("request")}>
        <Trans>Ask for it</Trans>
      </Act>
    </>
  );
}

/** Where a closed conversation stays closed, a new one may be begun as long as the window allows a person to write. */
function NewConversation({ row }: { row: Conversation }) {
  const say = useNotice();
  const navigate = useNavigate();
  if (row.window.stage === "closed") {
    return null;
  }

  async function begin() {
    try {
      const begun = await bodyOf(api.POST("/v1/conversations", { body: { customer_id: row.customer.id } }));
      await navigate({ to: "/inbox/$list/$conversationId", params: { list: "mine", conversationId: begun.id } });
    } catch (error) {
      say(textOf(error));
    }
  }

  return (
    <Act onPress={() => void begin()}>
      <Trans>New conversation</Trans>
    </Act>
  );
}
