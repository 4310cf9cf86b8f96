import { Trans } from "@lingui/react/macro";
import { Icon, ProblemCard } from "../health/problem-card";
import { problemsOf } from "../health/pages";
import { AdminLink } from "../kit/screen";
import type { FacebookPage } from "../kit/types";
import { Back, type StepProps } from "./account-wizard";
import { PageState } from "./page-state";

/** How each page stands; it changes by itself as the event stream tells. */
export function RunningStep({ pages, go }: StepProps) {
  const areRunning = pages.length > 0 && pages.every((page) => page.provisioning_state === "Running");
  return (
    <div className="stack">
      {pages.length === 0 && (
        <p className="panel empty-text">
          <Trans>This account has no page yet.</Trans>
        </p>
      )}
      {pages.map((page) => (
        <section key={page.page_id} className="panel stack" aria-label={page.name}>
          <div className="secret">
            <h2 dir="auto">{page.name}</h2>
            <span className="grow" />
            <span role="status">
              <PageState page={page} />
            </span>
          </div>
          <Standing page={page} />
        </section>
      ))}
      <div className="wizard-buttons">
        <Back onPress={() => go("callback")} />
        {areRunning ? (
          <AdminLink to="workstreams" className="button primary">
            <Trans>Next: set up a workstream</Trans>
          </AdminLink>
        ) : (
          <AdminLink to="accounts" className="button">
            <Trans>Finish later</Trans>
          </AdminLink>
        )}
      </div>
    </div>
  );
}

function Standing({ page }: { page: FacebookPage }) {
  const problems = problemsOf(page);
  if (problems.length > 0) {
    return problems.map((problem) => <ProblemCard key={problem.code} page={page} problem={problem} />);
  }
  if (page.provisioning_state === "Running") {
    return (
      <div className="state">
        <Icon kind="ok" />
        <div>
          <b>
            <Trans>Meta accepts the token and delivers the page's messages.</Trans>
          </b>
          <div>
            <Trans>Write a test message to the page: it appears on the desk within a second.</Trans>
          </div>
        </div>
      </div>
    );
  }
  return (
    <div className="state">
      <Icon kind="wait" />
      <div>
        <Trans>Token, permissions, callback and subscriptions are being checked at Meta…</Trans>
      </div>
    </div>
  );
}
