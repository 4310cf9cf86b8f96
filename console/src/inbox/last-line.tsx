import { Trans } from "@lingui/react/macro";
import type { Conversation } from "../api/types";
import { useDeskStore } from "../store/use-desk";

/** What was said last, and by whom if not by the customer. */
export function LastLine({ row, fallback }: { row: Conversation; fallback: string }) {
  const { agentId } = useDeskStore();
  const last = row.last_message;
  if (last === null) {
    return fallback;
  }
  if (last.deleted_at !== null) {
    return <Trans>Taken back</Trans>;
  }
  const said = last.text ?? <Trans>File</Trans>;
  if (last.direction === "inbound") {
    return said;
  }
  return (
    <>
      {last.sender_kind === "agent" ? (
        last.agent_id === agentId ? <Trans>You:</Trans> : <Trans>Colleague:</Trans>
      ) : last.sender_kind === "bot" ? (
        <Trans>Bot:</Trans>
      ) : last.sender_kind === "survey" ? (
        <Trans>Survey:</Trans>
      ) : (
        <Trans>Automatic:</Trans>
      )}{" "}
      {said}
    </>
  );
}
