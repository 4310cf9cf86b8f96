import "./side-panel.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { Conversation } from "../api/types";
import type { ListName } from "../store/lists";
import { initials } from "../ui/initials";
import { useSecond } from "../ui/use-second";
import { ContactSection } from "./contact-section";
import { ContextSection } from "./context-section";
import { EarlierSection } from "./earlier-section";
import { languageName, localTime } from "./local-time";
import { useCustomer, useFreshPanel, useSummary } from "./queries";
import { SurveySection } from "./survey-section";
import { WindowSection } from "./window-section";
import { localesOf } from "../locales/locales-of";

/** Who the customer is, and what is known of them, beside the thread. */
export function SidePanel({ row, list }: { row: Conversation; list: ListName }) {
  const { t } = useLingui();
  const summary = useSummary(row.customer.id);
  useFreshPanel(row.customer.id, summary.data?.contact?.id ?? null);
  return (
    <aside className="side-panel" aria-label={t`Details`}>
      <Link
        className="button quiet back"
        to="/inbox/$list/$conversationId"
        params={{ list, conversationId: row.id }}
        aria-label={t`Back to the conversation`}
      >
        ‹ <Trans>Details</Trans>
      </Link>
      <Person row={row} />
      <WindowSection row={row} />
      <ContactSection row={row} summary={summary} />
      <ContextSection row={row} />
      <EarlierSection row={row} list={list} summary={summary} />
      {row.status !== "wrap_up" && row.status !== "closed" && <SurveySection row={row} />}
      <p>
        <Link to="/conversations/$conversationId/timeline" params={{ conversationId: row.id }}>
          <Trans>Why? All that happened</Trans>
        </Link>
      </p>
    </aside>
  );
}

function Person({ row }: { row: Conversation }) {
  const { t, i18n } = useLingui();
  const now = useSecond();
  const profile = useCustomer(row.customer.id).data;
  const name = row.customer.name ?? t`Name not known`;
  const locales = localesOf(i18n);
  const time = localTime(profile?.timezone ?? null, now, locales);
  const language = languageName(profile?.locale ?? null, locales);
  return (
    <header className="person">
      <span className="avatar" aria-hidden>
        {initials(name)}
      </span>
      <div>
        <b dir="auto">{name}</b>
        <p className="small">
          {[time === null ? null : t`local time ${time}`, language].filter((each) => each !== null).join(" · ")}
        </p>
        <p className="small" dir="auto">
          {row.page?.name ?? row.page_id}
        </p>
      </div>
    </header>
  );
}
