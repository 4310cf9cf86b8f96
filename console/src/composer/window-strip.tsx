import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { timeLeft } from "../ui/durations";
import { useSecond } from "../ui/use-second";
import type { Outlook } from "./outlook";

/** Stage and time left, what happens if one sends now, and the way out. */
export function WindowStrip({ outlook, nameOfAgent, action }: { outlook: Outlook; nameOfAgent: string; action: ReactNode }) {
  return (
    <div className={`strip ${outlook.tone}`} role="status">
      <span className="grow">
        <Words outlook={outlook} nameOfAgent={nameOfAgent} />
      </span>
      {action}
    </div>
  );
}

function Words({ outlook, nameOfAgent }: { outlook: Outlook; nameOfAgent: string }) {
  const { i18n } = useLingui();
  const now = useSecond();
  const { until, sentAsThen } = outlook;
  const left = until === null ? "" : timeLeft(Date.parse(until) - now);
  const at = until === null ? "" : i18n.date(until, { hour: "2-digit", minute: "2-digit" });
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
          <b>
            <Trans>Human agent, {left} left.</Trans>
          </b>{" "}
          <Trans>For a person helping with this request; no offers or promotion.</Trans>
        </>
      );
    case "page_not_sending":
      return <Trans>The page can send nothing now. Your reply waits and is judged again then.</Trans>;
    case "tag_off":
      return <Trans>24 hours are over. The human agent tag is off for this session.</Trans>;
    case "tag_needs_session":
      return <Trans>24 hours are over, and this session began before the human agent tag was switched on.</Trans>;
    case "window_closed":
      return <Trans>7 days are over. Only the customer can open the window.</Trans>;
    case "never_opened":
      return <Trans>The customer has not written yet.</Trans>;
    case "other_app":
      return <Trans>Another app or the Page inbox has this thread.</Trans>;
    case "not_yours":
      return nameOfAgent === "" ? <Trans>This conversation is not yours.</Trans> : <Trans>{nameOfAgent} has this conversation.</Trans>;
    case "nobodys":
      return <Trans>Nobody has this.</Trans>;
    case "accept_first":
      return <Trans>Accept it first.</Trans>;
    case "waiting":
      return <Trans>The session is closed; the conversation waits for the customer.</Trans>;
    case "wrap_up":
      return <Trans>Ended. Write your notes, then complete it.</Trans>;
    case "closed":
      return <Trans>Closed.</Trans>;
    case "unknown":
      return <Trans>You cannot reply now ({outlook.code}).</Trans>;
  }
}
