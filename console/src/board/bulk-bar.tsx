import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { ApiProblem } from "../api/problems";
import type { Conversation } from "../api/types";
import { now } from "../live/clock";
import { useDeskStore } from "../store/use-desk";
import { ModalDialog } from "../ui/modal-dialog";
import { actOnMany, type BulkAction, type BulkRun, keepRun, keptRuns, possibleWith, type Receiver } from "./bulk";
import { ReceiverDialog } from "./receiver-dialog";

interface Planned {
  action: BulkAction;
  rows: readonly Conversation[];
  to: Receiver;
  receiver: string;
}

/** What is done with many: first what happens to how many, then how far it is, then what became of it. */
export function BulkBar({ rows, onDone }: { rows: readonly Conversation[]; onDone: () => void }) {
  const { t } = useLingui();
  const { agentId } = useDeskStore();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<BulkAction | null>(null);
  const [planned, setPlanned] = useState<Planned | null>(null);
  const [settled, setSettled] = useState<number | null>(null);
  const [runs, setRuns] = useState(() => keptRuns(agentId));
  const [showsRuns, setShowsRuns] = useState(false);
  const names: Record<BulkAction, string> = { assign: t`Assign`, transfer: t`Transfer`, force_close: t`Close by force` };

  async function run({ action, rows: chosen, to, receiver }: Planned) {
    setSettled(0);
    const outcome = await actOnMany(
      action,
      chosen.map((row) => row.id),
      to,
      setSettled,
    );
    setRuns(keepRun(agentId, { at: new Date(now()).toISOString(), action, receiver, chosen: chosen.length, ...outcome }));
    setSettled(null);
    setPlanned(null);
    setShowsRuns(true);
    onDone();
    await queries.invalidateQueries({ queryKey: ["board"] });
  }

  const plan = (action: BulkAction, to: Receiver, receiver: string) => setPlanned({ action, rows, to, receiver });
  return (
    <div className="bulk">
      {rows.length > 0 && (
        <p role="status">
          <Plural value={rows.length} one="# chosen" other="# chosen" />{" "}
          <Button className="button" onPress={() => setAsking("assign")}>
            {names.assign}…
          </Button>{" "}
          <Button className="button" onPress={() => setAsking("transfer")}>
            {names.transfer}…
          </Button>{" "}
          <Button className="button" onPress={() => plan("force_close", {}, "")}>
            {names.force_close}…
          </Button>
        </p>
      )}
      {runs.length > 0 && (
        <Button className="button quiet" aria-expanded={showsRuns} onPress={() => setShowsRuns(!showsRuns)}>
          <Trans>What was done with many ({runs.length})</Trans>
        </Button>
      )}
      {showsRuns && <Runs runs={runs} names={names} />}
      {asking !== null && (
        <ReceiverDialog
          title={names[asking]}
          onClose={() => setAsking(null)}
          onChosen={(to, name) => {
            plan(asking, to, name);
            setAsking(null);
          }}
        />
      )}
      {planned !== null && (
        <ModalDialog title={names[planned.action]} onClose={() => settled === null && setPlanned(null)}>
          <Plan planned={planned} />
          {settled !== null && (
            <progress max={planned.rows.length} value={settled} aria-label={t`Done`}>
              {settled}
            </progress>
          )}
          <div className="buttons">
            <Button className="button" isDisabled={settled !== null} onPress={() => setPlanned(null)}>
              <Trans>Cancel</Trans>
            </Button>
            <Button className="button primary" isPending={settled !== null} onPress={() => void run(planned)}>
              <Trans>Do it</Trans>
            </Button>
          </div>
        </ModalDialog>
      )}
    </div>
  );
}

/** What will happen to how many. */
function Plan({ planned }: { planned: Planned }) {
  const possible = possibleWith(planned.action, planned.rows);
  const not = planned.rows.length - possible;
  const { receiver } = planned;
  return (
    <>
      <p>
        {planned.action === "force_close" ? (
          <Plural value={possible} one="# conversation will be closed." other="# conversations will be closed." />
        ) : (
          <Plural value={possible} one={`# conversation will be given to ${receiver}.`} other={`# conversations will be given to ${receiver}.`} />
        )}
      </p>
      {not > 0 && (
        <p>
          <Plural value={not} one="With # it is not possible now; it will say why." other="With # it is not possible now; each will say why." />
        </p>
      )}
    </>
  );
}

function Runs({ runs, names }: { runs: readonly BulkRun[]; names: Record<BulkAction, string> }) {
  const { i18n } = useLingui();
  return (
    <ul className="runs">
      {runs.map((run) => (
        <li key={run.at}>
          <time dateTime={run.at}>{i18n.date(run.at, { dateStyle: "medium", timeStyle: "short" })}</time> {names[run.action]}
          {run.receiver === "" ? "" : ` → ${run.receiver}`}:{" "}
          <Trans>
            {run.done} of {run.chosen} done
          </Trans>
          {Object.entries(run.problems).map(([code, count]) => (
            <span className="problem" key={code}>
              {" "}
              {count}: {textOf(new ApiProblem(code, 0, ""))}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}
