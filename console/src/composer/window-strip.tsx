import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Conversation } from "../api/types";
import { useDeskStore } from "../store/use-desk";
import { timeLeft } from "../ui/durations";
import { useSecond } from "../ui/use-second";
import type { Outlook } from "./outlook";

interface StripProps {
  row: Conversation;
  outlook: Outlook;
  nameOfAgent: string;
}

/** Stage and time left, what happens if one sends now, and the way out. */
export function WindowStrip({ action, ...props }: StripProps & { action: ReactNode }) {
  return (
    <div className={`strip ${props.outlook.tone}`} role="status">
      <span className="grow">
        <Words {...props} />
      </span>
      {action}
    </div>
  );
}

function Words({ row, outlook, nameOfAgent }: StripProps) {
  const { i18n } = useLingui();
  const now = useSecond();
  const { until, sentAsThen } = outlook;
  const left = until === null ? "" : timeLeft(Date.parse(until) - now);
  const at = until === null ? "" : i18n.date(until, { hour: "2-digit", minute: "2-digit" });
  const ended = dayAndTime(row.window.standard_until);
  const since = i18n.date(row.status_changed_at, { hour: "2-digit", minute: "2-digit" });
  switch (outlook.strip) {
    case "standard":
      return (
        <>
          <b>{left === "" ? <Trans>Open.</Trans> : <Trans>Open for {left}.</Trans>}</b> <Trans>Goes as a normal reply.</Trans>
        </>
      );
    case "closing_soon":
      return (
        <>
          <b>
            <Trans>! Closes in {left}.</Trans>
          </b>{" "}
          {sentAsThen === "human_agent" ? (
            <Trans>Goes now as a normal reply; after {at} as human agent.</Trans>
          ) : (
            <Trans>Goes now as a normal reply; after {at} not at all.</Trans>
          )}
        </>
      );
    case "human_agent":
      return (
        <>
          <b>{left === "" ? <Trans>Human agent.</Trans> : <Trans>Human agent, {left} left.</Trans>}</b>{" "}
          <Trans>For a person helping with this request; no offers or promotion.</Trans>
        </>
      );
    case "page_not_sending":
      return outlook.code === "page_paused" && until !== null ? (
        <Trans>Meta takes no messages of the page until {at}. Your reply waits and is judged again then.</Trans>
      ) : (
        <Trans>The page can send nothing now: an administrator has to mend it. Your reply waits and is judged again then.</Trans>
      );
    case "tag_off":
      return <Trans>24 hours are over since {ended}. The human agent tag is off for this page.</Trans>;
    case "tag_needs_session":
      return <Trans>24 hours are over since {ended}. This session began before the human agent tag was switched on.</Trans>;
    case "window_closed":
      return <Trans>7 days are over. Only the customer can open the window.</Trans>;
    case "never_opened":
      return <Trans>The customer has not written yet.</Trans>;
    case "other_app":
      return row.thread_owner.kind === "page_inbox" ? <Trans>The Page inbox has this thread.</Trans> : <Trans>Another app has this thread.</Trans>;
    case "not_yours":
      return nameOfAgent === "" ? <Trans>This conversation is not yours.</Trans> : <Trans>{nameOfAgent} has this conversation.</Trans>;
    case "nobodys":
      return <Trans>Nobody has this.</Trans>;
    case "accept_first":
      return <Trans>Accept it first.</Trans>;
    case "waiting":
      return <Waiting row={row} since={since} />;
    case "wrap_up":
      return <Trans>Ended. Write your notes, then complete it.</Trans>;
    case "closed":
      return <Trans>Closed.</Trans>;
    case "unknown":
      return <Trans>You cannot reply now ({outlook.code}).</Trans>;
  }

  function dayAndTime(instant: string | null): string {
    return instant === null ? "?" : i18n.date(instant, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  }
}

function Waiting({ row, since }: { row: Conversation; since: string }) {
  const { agentId } = useDeskStore();
  return row.agent_id === agentId ? (
    <Trans>You closed the session, {since}. The conversation waits for the customer.</Trans>
  ) : (
    <Trans>The session was closed, {since}. The conversation waits for the customer.</Trans>
  );
}
