import { Plural, Trans, useLingui } from "@lingui/react/macro";
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Conversation, CustomerSummary } from "../api/types";
import type { ListName } from "../store/lists";
import { STATUS_NAMES } from "../ui/status-names";
import { Read, Section } from "./section";

type LastAnswer = NonNullable<CustomerSummary["last_answer"]>;

/** The best that can be answered to each question. */
const BEST_SCORES: Partial<Record<LastAnswer["question"], number>> = { csat: 5, nps: 10, ces: 7 };

/** The customer's other conversations, the newest first, and what they answered when they were asked last. */
export function EarlierSection({
  row,
  list,
  summary,
}: {
  row: Conversation;
  list: ListName;
  summary: UseQueryResult<CustomerSummary>;
}) {
  const { i18n } = useLingui();
  return (
    <Section title={<Trans>Earlier</Trans>}>
      <Read query={summary}>
        {({ conversations, latest, last_answer: answer }) => {
          const others = latest.filter((each) => each.id !== row.id);
          return (
            <>
              <p className="small">
                {conversations <= 1 ? (
                  <Trans>This is the first conversation.</Trans>
                ) : (
                  <Plural value={conversations} one="# conversation in all" other="# conversations in all" />
                )}
              </p>
              {others.length > 0 && (
                <ul className="earlier">
                  {others.map((each) => (
                    <li key={each.id}>
                      <Link to="/inbox/$list/$conversationId" params={{ list, conversationId: each.id }}>
                        <time dateTime={each.opened_at}>{i18n.date(each.opened_at, { dateStyle: "medium" })}</time>
                        <span className="small">{i18n._(STATUS_NAMES[each.status])}</span>
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
              {answer !== null && <Answer answer={answer} />}
            </>
          );
        }}
      </Read>
    </Section>
  );
}

function Answer({ answer }: { answer: LastAnswer }) {
  const { i18n } = useLingui();
  const best = BEST_SCORES[answer.question];
  const on = i18n.date(answer.at, { dateStyle: "medium" });
  if (answer.score === null || best === undefined) {
    return (
      <p className="small">
        <Trans>Answered the survey on {on}.</Trans>
      </p>
    );
  }
  return (
    <p className="small">
      <Trans>
        Answered {answer.score} of {best} on {on}.
      </Trans>
    </p>
  );
}
