import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button, Input, SearchField, Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import type { Conversation } from "../api/types";
import { PRESENCE_NAMES } from "../presence/presence-names";
import { useDeskStore } from "../store/use-desk";
import { initials } from "../ui/initials";
import { ModalDialog } from "../ui/modal-dialog";
import { useAct } from "./act";
import { isUnlikely, type QueueEntry, type Receiver, useReceivers } from "./receivers";
import { ProblemText } from "../ui/problem-text";

type Purpose = "transfer" | "assign" | "consult";

/** Asks who, or which queue, is to have the conversation; or which colleague is asked for advice. */
export function ReceiverDialog({ purpose, row, onClose }: { purpose: Purpose; row: Conversation; onClose: () => void }) {
  const { t } = useLingui();
  const { agentId } = useDeskStore();
  const act = useAct();
  const [words, setWords] = useState("");
  const [problem, setProblem] = useState("");
  const taking = new Set(row.participants.map((each) => each.agent_id));
  const without = new Set([row.agent_id ?? "", ...(purpose === "assign" ? [] : [agentId]), ...(purpose === "consult" ? taking : [])]);
  const { agents, queues } = useReceivers(without);
  const fits = ({ name }: { name: string }) => name.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase());

  async function give(body: { agent_id: string } | { queue_id: string }) {
    setProblem("");
    const refused = await act(row.id, purpose, body);
    if (refused === null) {
      onClose();
    } else {
      setProblem(refused);
    }
  }

  const people = (
    <ul className="receivers" aria-label={t`Colleagues`}>
      {agents.filter(fits).map((agent) => (
        <li key={agent.id}>
          <AgentButton agent={agent} onPress={() => void give({ agent_id: agent.id })} />
        </li>
      ))}
    </ul>
  );
  return (
    <ModalDialog title={<Title purpose={purpose} />} onClose={onClose}>
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the dialog was opened to choose here */}
      <SearchField className="field" value={words} onChange={setWords} aria-label={t`Find a name`} autoFocus>
        <Input placeholder={t`Find a name`} dir="auto" />
      </SearchField>
      {purpose === "consult" ? (
        people
      ) : (
        <Tabs className="tabs">
          <TabList className="tab-list" aria-label={t`To whom`}>
            <Tab id="agents" className="tab">
              <Trans>Agents</Trans>
            </Tab>
            <Tab id="queues" className="tab">
              <Trans>Queues</Trans>
            </Tab>
          </TabList>
          <TabPanel id="agents">{people}</TabPanel>
          <TabPanel id="queues">
            <ul className="receivers" aria-label={t`Queues`}>
              {queues.filter(fits).map((queue) => (
                <li key={queue.id}>
                  <QueueButton queue={queue} isHere={queue.id === row.queue_id} onPress={() => void give({ queue_id: queue.id })} />
                </li>
              ))}
            </ul>
          </TabPanel>
        </Tabs>
      )}
      <ProblemText text={problem} />
      <div className="buttons">
        <Button className="button" onPress={onClose}>
          <Trans>Cancel</Trans>
        </Button>
      </div>
    </ModalDialog>
  );
}

function Title({ purpose }: { purpose: Purpose }) {
  switch (purpose) {
    case "transfer":
      return <Trans>Transfer to whom?</Trans>;
    case "assign":
      return <Trans>Assign to whom?</Trans>;
    case "consult":
      return <Trans>Ask whom for advice?</Trans>;
  }
}

function AgentButton({ agent, onPress }: { agent: Receiver; onPress: () => void }) {
  const { i18n } = useLingui();
  return (
    <Button className={isUnlikely(agent.presence) ? "receiver unlikely" : "receiver"} onPress={onPress}>
      <span className="avatar" aria-hidden>
        {initials(agent.name)}
        {agent.presence !== null && <i className={`dot ${agent.presence}`} />}
      </span>
      <span className="who" dir="auto">
        {agent.name}
      </span>
      <span className="small">
        {agent.presence !== null && i18n._(PRESENCE_NAMES[agent.presence])}
        {agent.free !== null && !isUnlikely(agent.presence) && (
          <>
            {" · "}
            {agent.free > 0 ? <Plural value={agent.free} one="# place free" other="# places free" /> : <Trans>no place free</Trans>}
          </>
        )}
      </span>
    </Button>
  );
}

function QueueButton({ queue, isHere, onPress }: { queue: QueueEntry; isHere: boolean; onPress: () => void }) {
  return (
    <Button className="receiver" onPress={onPress}>
      <span className="who" dir="auto">
        {queue.name}
      </span>
      <span className="small">
        {isHere && <Trans>it is here now</Trans>}
        {queue.isOpen === false && (
          <>
            {" "}
            <Trans>closed now</Trans>
          </>
        )}
        {queue.waiting !== null && (
          <>
            {" "}
            <Plural value={queue.waiting} one="# waits" other="# wait" />
          </>
        )}
      </span>
    </Button>
  );
}
