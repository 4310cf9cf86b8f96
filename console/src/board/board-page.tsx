import "./board.css";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { getRouteApi, Link } from "@tanstack/react-router";
import { DeskPage } from "../inbox/desk-page";
import { useDesk } from "../store/use-desk";
import { age } from "../ui/durations";
import { useSecond } from "../ui/use-second";
import { PRESENCE_NAMES } from "../presence/presence-names";
import { ConversationTable } from "./conversation-table";
import type { BoardFilter } from "./filters";
import { membersOf, oldestOf, overCapacity, waitingIn } from "./numbers";
import { TodayTable } from "./today-table";
import { useBoardEvents, useConversationsWith, useQueueStates } from "./use-board";

const route = getRouteApi("/board");

/** How the desk stands: numbers, each of which opens what it counts; queues, agents, conversations. */
export function BoardPage() {
  const { t, i18n } = useLingui();
  const filter = route.useSearch();
  useBoardEvents();
  const now = useSecond();
  const directory = useDesk((state) => state.directory);
  const closingSoon = useDesk((state) => state.counts?.closing_soon ?? 0);
  const queues = useQueueStates();
  const held = useConversationsWith("held");
  const unknown = useConversationsWith("unknown");
  const states = queues.data?.states ?? [];
  const oldest = oldestOf(states);
  const queueName = (id: string) => directory?.queues.find((queue) => queue.id === id)?.name ?? id;
  const agentName = (id: string) => directory?.agents.find((agent) => agent.id === id)?.name ?? id;
  return (
    <DeskPage place="board">
      <main className="board">
        <header>
          <h1>
            <Trans>Board</Trans>
          </h1>
          <span className="small">
            {queues.data !== undefined && <Trans>as of {i18n.date(new Date(queues.data.at), { timeStyle: "medium" })}</Trans>}
          </span>
        </header>
        {queues.isError && (
          <p className="problem" role="alert">
            <Trans>The board cannot be read now. It is tried again with the next event.</Trans>
          </p>
        )}
        <ul className="figures" aria-label={t`Now`}>
          <Figure name={t`Waiting`} value={states.reduce((sum, state) => sum + waitingIn(state), 0)} opens={{ show: "open" }} />
          <Figure name={t`Oldest`} value={oldest === null ? "–" : age(now - Date.parse(oldest))} opens={{ show: "open" }} />
          <Figure name={t`Closing soon`} value={closingSoon} opens={{ show: "closing_soon" }} isWarning={closingSoon > 0} />
          <Figure name={t`With held messages`} value={held.data?.length ?? 0} opens={{ show: "held" }} />
          <Figure
            name={t`Outcome unknown`}
            value={unknown.data?.length ?? 0}
            opens={{ show: "unknown" }}
            isWarning={(unknown.data?.length ?? 0) > 0}
          />
        </ul>
        <div className="tables">
          <section>
            <h2>
              <Trans>Queues</Trans>
            </h2>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t`Queue`}</th>
                  <th scope="col">{t`Waiting`}</th>
                  <th scope="col">{t`Oldest`}</th>
                  <th scope="col">{t`Ready`}</th>
                  <th scope="col">{t`Hours`}</th>
                </tr>
              </thead>
              <tbody>
                {states.map((state) => (
                  <tr key={state.queue_id}>
                    <th scope="row" dir="auto">
                      {queueName(state.queue_id)}
                    </th>
                    <td>
                      <Opens filter={{ show: "open", queue: state.queue_id }} label={t`Waiting in ${queueName(state.queue_id)}`}>
                        {waitingIn(state)}
                      </Opens>
                      {state.parked > 0 && (
                        <span className="small">
                          {" "}
                          <Plural value={state.parked} one="# parked" other="# parked" />
                        </span>
                      )}
                    </td>
                    <td>{state.oldest_at === null ? "–" : age(now - Date.parse(state.oldest_at))}</td>
                    <td>
                      {state.ready_agents}
                      {state.ready_agents === 0 && waitingIn(state) > 0 && <b className="alarm" title={t`Nobody is ready`}> !</b>}
                    </td>
                    <td>{state.is_open ? <Trans>open</Trans> : <Trans>closed</Trans>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <section>
            <h2>
              <Trans>Agents</Trans>
            </h2>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t`Agent`}</th>
                  <th scope="col">{t`Presence`}</th>
                  <th scope="col">{t`Free places`}</th>
                </tr>
              </thead>
              <tbody>
                {membersOf(states).map((member) => (
                  <tr key={member.agent_id}>
                    <th scope="row" dir="auto">
                      <Opens filter={{ show: "active", agent: member.agent_id }} label={t`Conversations of ${agentName(member.agent_id)}`}>
                        {agentName(member.agent_id)}
                      </Opens>
                    </th>
                    <td>
                      <i className={`dot ${member.presence}`} aria-hidden /> {i18n._(PRESENCE_NAMES[member.presence])}
                    </td>
                    <td>
                      {Math.max(0, member.free_units)}
                      {overCapacity(member) > 0 && (
                        <b className="alarm" title={t`Above their capacity`}>
                          {" "}
                          +{overCapacity(member)}
                        </b>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
        <TodayTable queueName={queueName} />
        <ConversationTable filter={filter} idsOf={{ held: held.data ?? [], unknown: unknown.data ?? [] }} />
      </main>
    </DeskPage>
  );
}

/** A number that opens what it counts. */
function Figure({ name, value, opens, isWarning = false }: { name: string; value: number | string; opens: BoardFilter; isWarning?: boolean }) {
  return (
    <li className={isWarning ? "figure warning" : "figure"}>
      <Link to="/board" search={opens}>
        <span>{name}</span>
        <b>{value}</b>
      </Link>
    </li>
  );
}

function Opens({ filter, label, children }: { filter: BoardFilter; label: string; children: React.ReactNode }) {
  return (
    <Link to="/board" search={filter} aria-label={`${label}: ${String(children)}`}>
      {children}
    </Link>
  );
}
