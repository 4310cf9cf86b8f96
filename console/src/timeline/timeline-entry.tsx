import { Trans, useLingui } from "@lingui/react/macro";
import type { Fact } from "./fact";
import type { Names } from "./names";
import { becauseOf, sentenceOf } from "./sentences";

interface Shown {
  fact: Fact;
  names: Names;
  cause: Fact | null;
  /** It turned out not to be true. */
  isRetracted: boolean;
  /** The cause may be hidden by a filter. */
  onShowAll: () => void;
}

/** One fact: when, what, why, what it follows from, and all that is recorded of it. */
export function TimelineEntry({ fact, names, cause, isRetracted, onShowAll }: Shown) {
  const { i18n, t } = useLingui();
  const why = becauseOf(fact, i18n);
  const day = i18n.date(fact.at, { day: "numeric", month: "short" });
  const time = i18n.date(fact.at, { timeStyle: "medium" });
  return (
    <li id={`fact-${fact.id}`} tabIndex={-1} className={isRetracted ? "fact retracted" : "fact"}>
      <time dateTime={fact.at} title={i18n.date(fact.at, { dateStyle: "full", timeStyle: "long" })}>
        {day} {time}
      </time>
      <div>
        <p dir="auto">
          {isRetracted ? <s>{sentenceOf(fact, names, i18n)}</s> : sentenceOf(fact, names, i18n)}
        </p>
        {(why !== null || cause !== null) && (
          <p className="because">
            {why !== null && <Trans>because {why}</Trans>}
            {cause !== null && (
              <button
                type="button"
                className="link"
                onClick={() => {
                  onShowAll();
                  setTimeout(() => show(cause), 0);
                }}
              >
                {t`caused by: ${sentenceOf(cause, names, i18n)}`}
              </button>
            )}
          </p>
        )}
        <details>
          <summary>
            <Trans>Raw data</Trans>
          </summary>
          <pre dir="ltr">{rawOf(fact)}</pre>
        </details>
      </div>
    </li>
  );
}

/** What is recorded, without the rows that come with an event of the stream. */
function rawOf({ id, at, kind, actor_kind, actor_id, message_id, data }: Fact): string {
  return JSON.stringify({ id, at, kind, actor_kind, actor_id, message_id, data }, null, 1);
}

function show(cause: Fact): void {
  const entry = document.getElementById(`fact-${cause.id}`);
  entry?.scrollIntoView({ block: "center" });
  entry?.focus();
}
