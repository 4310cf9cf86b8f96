import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import type { Conversation } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";
import { useAct } from "./act";

type Participant = Conversation["participants"][number];

/** What somebody beside the agent does; each is told after their name. */
export const MODES = {
  consult: msg`reads along and advises`,
  join: msg`also writes to the customer`,
  monitor: msg`watches`,
} as const satisfies Record<Participant["mode"], unknown>;

/** Who takes part beside the conversation's agent, and what its agent can change about it. */
export function Participants({ row }: { row: Conversation }) {
  const { t } = useLingui();
  if (row.participants.length === 0) {
    return null;
  }
  return (
    <ul className="participants" aria-label={t`Taking part`}>
      {row.participants.map((each) => (
        <ParticipantLine key={each.agent_id} row={row} participant={each} />
      ))}
    </ul>
  );
}

function ParticipantLine({ row, participant }: { row: Conversation; participant: Participant }) {
  const { i18n, t } = useLingui();
  const { agentId } = useDeskStore();
  const act = useAct();
  const say = useNotice();
  const known = useDesk((state) => state.directory?.agents.find((each) => each.id === participant.agent_id)?.name);
  const isMe = participant.agent_id === agentId;
  const isMine = row.agent_id === agentId;
  const name = isMe ? t`You` : (known ?? participant.agent_id);
  const body = { agent_id: participant.agent_id };
  const run = (action: "join" | "remove-participant" | "leave", given?: object) =>
    void act(row.id, action, given).then((problem) => problem !== null && say(problem));
  return (
    <li>
      <span className="small">
        <b dir="auto">{name}</b>{" "}
        {participant.joined_at === null ? <Trans>was asked and has not answered yet</Trans> : i18n._(MODES[participant.mode])}
      </span>
      {isMine && participant.mode === "consult" && participant.joined_at !== null && (
        <Button className="button quiet" onPress={() => run("join", body)}>
          <Trans>Let them write</Trans>
        </Button>
      )}
      {isMine && participant.mode !== "monitor" && (
        <Button className="button quiet" onPress={() => run("remove-participant", body)} aria-label={t`Remove ${name}`}>
          <Trans>Remove</Trans>
        </Button>
      )}
      {isMe && participant.joined_at !== null && (
        <Button className="button quiet" onPress={() => run("leave")}>
          <Trans>Leave</Trans>
        </Button>
      )}
    </li>
  );
}
