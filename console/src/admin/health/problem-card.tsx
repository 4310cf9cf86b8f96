import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components";
import { api } from "../../api/client";
import { now } from "../../live/clock";
import { useNotice } from "../../ui/notices";
import { clockTime } from "../../ui/durations";
import { ReplaceSecret, ReplaceToken } from "../accounts/secrets";
import { useChanged } from "../kit/data";
import { problemText } from "../kit/errors";
import type { FacebookPage, PageProblem } from "../kit/types";
import { metaCode } from "./pages";
import { PAGE_PROBLEMS } from "./problem-texts";
import { localesOf } from "../../locales/locales-of";

/** Which button solves a problem; the others are checked again when something was done elsewhere. */
const SOLVED_BY: Record<string, "token" | "secret" | "tag"> = {
  token_invalid: "token",
  token_of_another_app: "token",
  token_of_another_page: "token",
  permission_missing: "token",
  not_permitted: "token",
  token_refresh_due: "token",
  gap_not_filled: "token",
  app_secret_invalid: "secret",
  secrets_unreadable: "secret",
  human_agent_not_granted: "tag",
};

/** What is wrong, in the reader's words; Meta's code where it said one. */
export function ProblemText({ problem }: { problem: PageProblem }) {
  const { i18n } = useLingui();
  const known = PAGE_PROBLEMS[problem.code];
  const code = metaCode(problem);
  return (
    <>
      <b>{known === undefined ? problem.detail : i18n._(known.what)}</b>
      <div>{known === undefined ? problem.remedy : i18n._(known.remedy)}</div>
      <div className="small">
        {code !== "" && (
          <>
            <Trans>Meta's code: {code}</Trans>
            {" · "}
          </>
        )}
        {typeof problem.since === "string" && (
          <>
            <Trans>since {clockTime(problem.since, now(), localesOf(i18n))}</Trans>
            {" · "}
          </>
        )}
        <code>{problem.code}</code>
        {known !== undefined && problem.detail !== "" && (
          <details>
            <summary>
              <Trans>Details</Trans>
            </summary>
            <span lang="en">{problem.detail}</span>
          </details>
        )}
      </div>
    </>
  );
}

export function Icon({ kind }: { kind: "ok" | "warn" | "bad" | "wait" }) {
  return (
    <span className={`icon ${kind}`} aria-hidden>
      {{ ok: "✓", warn: "!", bad: "×", wait: "…" }[kind]}
    </span>
  );
}

/** A problem of a page with the button that solves it. */
export function ProblemCard({ page, problem }: { page: FacebookPage; problem: PageProblem }) {
  const changed = useChanged();
  const say = useNotice();
  const [shows, setShows] = useState<"token" | "secret" | null>(null);
  const solution = SOLVED_BY[problem.code];

  async function switchTagOff() {
    try {
      await api.PATCH("/v1/pages/{page_id}", {
        params: { path: { page_id: page.page_id } },
        body: { human_agent_tag: false },
      });
      await changed("page");
    } catch (error) {
      say(problemText(error));
    }
  }

  const button: Record<"token" | "secret" | "tag", ReactNode> = {
    token: (
      <Button className="button primary" onPress={() => setShows("token")}>
        <Trans>Save a new access token</Trans>
      </Button>
    ),
    secret: (
      <Button className="button primary" onPress={() => setShows("secret")}>
        <Trans>Save the application secret anew</Trans>
      </Button>
    ),
    tag: (
      <Button className="button primary" onPress={() => void switchTagOff()}>
        <Trans>Switch the tag off</Trans>
      </Button>
    ),
  };
  return (
    <div className="state">
      <Icon kind={problem.severity === "warning" ? "warn" : "bad"} />
      <div>
        <ProblemText problem={problem} />
        {shows === "token" && <ReplaceToken page={page} onDone={() => setShows(null)} />}
        {shows === "secret" && <ReplaceSecret accountId={page.account_id} onDone={() => setShows(null)} />}
        {shows === null && (
          <div className="buttons">
            {solution !== undefined && button[solution]}
            <CheckAgain pageId={page.page_id} />
          </div>
        )}
      </div>
    </div>
  );
}

/** Has a page checked at Meta now. What comes of it the event stream tells. */
export function CheckAgain({ pageId }: { pageId: string }) {
  const changed = useChanged();
  const [isBusy, setBusy] = useState(false);
  const say = useNotice();
  async function check() {
    setBusy(true);
    try {
      const { data: before } = await api.POST("/v1/pages/{page_id}/check", { params: { path: { page_id: pageId } } });
      await checkedAfter(pageId, before?.checked_at ?? null);
      await changed("page", "account");
    } catch (error) {
      say(problemText(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button className="button" isPending={isBusy} onPress={() => void check()}>
      {isBusy ? <Trans>Checking…</Trans> : <Trans>Check again</Trans>}
    </Button>
  );
}

const LOOKS = 20;
const LOOK_MILLISECONDS = 500;

/** A check that finds what was known makes no event: the row is read until it is over, for ten seconds at most. */
async function checkedAfter(pageId: string, before: string | null): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const { data } = await api.GET("/v1/pages/{page_id}", { params: { path: { page_id: pageId } } });
    if (data?.checked_at !== before) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
}
