import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Message } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";

/** What Meta calls the Page inbox (docs/reference/messenger-webhooks.md). */
const PAGE_INBOX_APP_ID = "263902037430900";

/** Who speaks for the page: written on each bubble. */
export function Sender({ message }: { message: Message }) {
  const { agentId } = useDeskStore();
  const name = useDesk((state) => state.directory?.agents.find((each) => each.id === message.agent_id)?.name);
  return <div className="sender">{words(message, message.agent_id === agentId, name)}</div>;
}

function words(message: Message, isMine: boolean, name: string | undefined): ReactNode {
  switch (message.sender_kind) {
    case "agent":
      return isMine ? <Trans>You</Trans> : (name ?? <Trans>Colleague</Trans>);
    case "bot":
      return <Trans>Bot</Trans>;
    case "survey":
      return <Trans>Survey</Trans>;
    case "automatic":
      return <Trans>Automatic: {message.kind}</Trans>;
    default:
      return message.app_id === null || message.app_id === PAGE_INBOX_APP_ID ? <Trans>Page inbox</Trans> : <Trans>App {message.app_id}</Trans>;
  }
}
