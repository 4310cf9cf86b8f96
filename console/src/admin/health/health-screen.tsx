import { Trans, useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { now } from "../../live/clock";
import { clockTime } from "../../ui/durations";
import { PageState } from "../accounts/page-state";
import { useRead } from "../kit/data";
import { AdminLink, Loaded, Screen } from "../kit/screen";
import type { FacebookPage } from "../kit/types";
import { problemsOf, useAllPages, worstFirst } from "./pages";
import { CheckAgain, ProblemCard } from "./problem-card";
import { localesOf } from "../../locales/locales-of";

const COUNTED = 200;

/** How all pages stand, worst first. */
export function HealthScreen() {
  const pages = useAllPages();
  return (
    <Screen title={<Trans>Page health</Trans>}>
      <Loaded from={pages}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="panel empty-text">
              <Trans>There is no page yet.</Trans> <AdminLink to="accounts/new"><Trans>Connect a Facebook page</Trans></AdminLink>
            </p>
          ) : (
            <div className="stack">
              {worstFirst(rows).map((page) => (
                <PageHealth key={page.page_id} page={page} />
              ))}
            </div>
          )
        }
      </Loaded>
    </Screen>
  );
}

function PageHealth({ page }: { page: FacebookPage }) {
  const { i18n } = useLingui();
  const query = { status: "held", page_id: page.page_id, limit: COUNTED } as never;
  const held = useRead(["message", "held", page.page_id], () => bodyOf(api.GET("/v1/messages", { params: { query } })));
  const at = (instant: string | null) =>
    instant === null ? "–" : clockTime(instant, now(), localesOf(i18n));
  const problems = problemsOf(page);
  const count = held.data?.items.length ?? 0;
  return (
    <section className="panel stack" aria-label={page.name}>
      <div className="secret">
        <h2 dir="auto">
          <AdminLink to={`accounts/${page.account_id}/running`}>{page.name}</AdminLink>
        </h2>
        <span className="grow" />
        <PageState page={page} />
      </div>
      {problems.map((problem) => (
        <ProblemCard key={problem.code} page={page} problem={problem} />
      ))}
      <dl className="facts">
        <dt>
          <Trans>Sending</Trans>
        </dt>
        <dd>
          {page.send_gate.state === "open" ? (
            <Trans>open</Trans>
          ) : page.send_gate.until === null ? (
            <Trans>held until the page is mended</Trans>
          ) : (
            <Trans>paused until {at(page.send_gate.until)}</Trans>
          )}
        </dd>
        <dt>
          <Trans>Held messages</Trans>
        </dt>
        <dd>{(held.data?.next_cursor ?? null) === null ? count : `${COUNTED}+`}</dd>
        <dt>
          <Trans>Last heard from Meta</Trans>
        </dt>
        <dd>{at(page.last_event_at)}</dd>
        {page.gap_since !== null && (
          <>
            <dt>
              <Trans>Being read</Trans>
            </dt>
            <dd>
              <Trans>messages missed since {at(page.gap_since)}</Trans>
            </dd>
          </>
        )}
        <dt>
          <Trans>Renew the token by</Trans>
        </dt>
        <dd>{at(page.token_refresh_due_at)}</dd>
        <dt>
          <Trans>Last checked</Trans>
        </dt>
        <dd>{at(page.checked_at)}</dd>
      </dl>
      {problems.length === 0 && (
        <div className="wizard-buttons">
          <CheckAgain pageId={page.page_id} />
        </div>
      )}
    </section>
  );
}
