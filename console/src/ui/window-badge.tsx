import { Trans, useLingui } from "@lingui/react/macro";
import type { Conversation } from "../api/types";
import { isClosingSoon } from "./closing-soon";
import { shortTimeLeft, timeLeft } from "./durations";
import { useSecond } from "./use-second";

/** The messaging window: shape and word carry the meaning, colour repeats it. Filled if an answer is owed. */
export function WindowBadge({ row }: { row: Conversation }) {
  const { i18n } = useLingui();
  const now = useSecond();
  const { stage, standard_until: standardUntil, human_agent_until: humanUntil } = row.window;
  const filled = row.owed_since !== null ? "" : " outline";
  const until = stage === "standard" ? standardUntil : humanUntil;
  if (stage === "closed" || until === null) {
    return (
      <span className={`badge bad${filled}`}>
        <Trans>× closed</Trans>
      </span>
    );
  }
  const left = Date.parse(until) - now;
  const title = `${timeLeft(left)} · ${i18n.date(until, { dateStyle: "medium", timeStyle: "long" })}`;
  if (stage === "human_agent") {
    return (
      <span className={`badge human-agent${filled}`} title={title}>
        <Trans>HA {shortTimeLeft(left)}</Trans>
      </span>
    );
  }
  const soon = isClosingSoon(row, now);
  return (
    <span className={`badge ${soon ? "warn" : "ok"}${filled}`} title={title}>
      {soon ? "!" : "○"} {shortTimeLeft(left)}
    </span>
  );
}
