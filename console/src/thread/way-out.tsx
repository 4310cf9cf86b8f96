import { Trans } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { useActions } from "../actions/use-actions";
import type { Conversation } from "../api/types";
import { outlookOf } from "../composer/outlook";
import { useDeskStore } from "../store/use-desk";
import { isLegal, useCommands } from "./commands";

/** The button at the strip that makes a reply possible. */
export function WayOut({ row }: { row: Conversation }) {
  const { agentId } = useDeskStore();
  const command = useCommands();
  const actions = useActions(row);
  const { strip } = outlookOf(row, agentId);
  if (strip === "tag_needs_session") {
    return (
      <Button
        className="button"
        onPress={() => void command(row.id, "close-session").then((closed) => (closed ? command(row.id, "reopen") : false))}
      >
        <Trans>Close and reopen session</Trans>
      </Button>
    );
  }
  if (strip === "accept_first" && isLegal(row, "accept")) {
    return (
      <Button className="button" onPress={() => void command(row.id, "accept")}>
        <Trans>Accept</Trans>
      </Button>
    );
  }
  if (strip === "nobodys" && isLegal(row, "pick")) {
    return (
      <Button className="button" onPress={() => void command(row.id, "pick")}>
        <Trans>Take it</Trans>
      </Button>
    );
  }
  if (isLegal(row, "complete")) {
    return (
      <Button className="button" onPress={() => actions.find(({ name }) => name === "complete")?.run()}>
        <Trans>Complete</Trans>
      </Button>
    );
  }
  if (isLegal(row, "reopen") && (strip === "waiting" || strip === "closed")) {
    return (
      <Button className="button" onPress={() => void command(row.id, "reopen")}>
        <Trans>Reopen</Trans>
      </Button>
    );
  }
  return null;
}
