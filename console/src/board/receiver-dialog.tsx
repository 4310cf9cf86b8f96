import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import { PRESENCE_NAMES } from "../presence/presence-names";
import { useDesk } from "../store/use-desk";
import { ModalDialog } from "../ui/modal-dialog";
import type { Receiver } from "./bulk";

/** Asks to whom something is given: a queue, or an agent. */
export function ReceiverDialog({ title, onClose, onChosen }: { title: string; onClose: () => void; onChosen: (to: Receiver, name: string) => void }) {
  const { t, i18n } = useLingui();
  const directory = useDesk((state) => state.directory);
  const [chosen, setChosen] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    const [kind, id = ""] = chosen.split("/");
    const rows = kind === "queue" ? directory?.queues : directory?.agents;
    const name = rows?.find((row) => row.id === id)?.name ?? id;
    onChosen(kind === "queue" ? { queue_id: id } : { agent_id: id }, name);
  }

  return (
    <ModalDialog title={title} onClose={onClose}>
      <form className="receiver" onSubmit={submit}>
        <div className="field">
          <label htmlFor="receiver">{t`To whom`}</label>
          <select id="receiver" value={chosen} required onChange={(event) => setChosen(event.target.value)}>
            <option value="">{t`Choose`}</option>
            <optgroup label={t`Queues`}>
              {directory?.queues.map((queue) => (
                <option key={queue.id} value={`queue/${queue.id}`}>
                  {queue.name}
                </option>
              ))}
            </optgroup>
            <optgroup label={t`Agents`}>
              {directory?.agents
                .filter((agent) => agent.active && agent.role !== "machine")
                .map((agent) => (
                  <option key={agent.id} value={`agent/${agent.id}`}>
                    {agent.presence === null ? agent.name : `${agent.name} (${i18n._(PRESENCE_NAMES[agent.presence])})`}
                  </option>
                ))}
            </optgroup>
          </select>
        </div>
        <div className="buttons">
          <Button className="button" onPress={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button className="button primary" type="submit" isDisabled={chosen === ""}>
            <Trans>Give</Trans>
          </Button>
        </div>
      </form>
    </ModalDialog>
  );
}
