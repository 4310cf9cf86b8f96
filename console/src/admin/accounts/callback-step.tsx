import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { now } from "../../live/clock";
import { clockTime } from "../../ui/durations";
import { CheckAgain, Icon } from "../health/problem-card";
import { CopyButton } from "../kit/screen";
import { Back, type StepProps } from "./account-wizard";
import { localesOf } from "../../locales/locales-of";

const HIDDEN = "•".repeat(24);

/** What Meta's webhook settings ask for, or why there is nothing yet. */
export function CallbackStep({ account, pages, go }: StepProps) {
  const { t, i18n } = useLingui();
  const [shows, setShows] = useState(false);
  if (account.callback_url === null) {
    return (
      <section className="panel stack">
        <h2>
          <Trans>There is no callback information yet</Trans>
        </h2>
        <p>
          <Trans>
            Callback URL and verify token are made when the account's first page is saved. A page that is already connected by
            another account makes none: remove it there first, or add another page.
          </Trans>
        </p>
        <div className="wizard-buttons">
          <Button className="button primary" onPress={() => go("pages")}>
            <Trans>Add a page</Trans>
          </Button>
        </div>
      </section>
    );
  }
  const fields = account.webhook_fields.map((field) => field.name);
  const verifiedAt = account.callback_verified_at;
  const token = account.verify_token ?? "";
  const first = pages[0];
  const pageNames = pages.map((page) => page.name).join(", ");
  return (
    <div className="two">
      <section className="panel stack">
        <div>
          <h2>
            <Trans>Callback information</Trans>
          </h2>
          <p className="small">
            <Trans>Made when you saved the page. Facebook sends the customers' messages to this address.</Trans>
          </p>
        </div>
        <div className="field">
          <b>
            <Trans>Callback URL</Trans>
          </b>
          <div className="secret">
            <code>{account.callback_url}</code>
            <CopyButton text={account.callback_url} />
          </div>
        </div>
        <div className="field">
          <b>
            <Trans>Verify token</Trans>
          </b>
          <div className="secret">
            <code aria-label={t`Verify token`}>{shows ? token : HIDDEN}</code>
            <Button className="button" onPress={() => setShows(!shows)}>
              {shows ? <Trans>Hide</Trans> : <Trans>Show</Trans>}
            </Button>
            <CopyButton text={token} />
          </div>
        </div>
        <div className="state" role="status">
          <Icon kind={verifiedAt === null ? "wait" : "ok"} />
          <div>
            {verifiedAt === null ? (
              <b>
                <Trans>Waiting for Meta to verify the callback…</Trans>
              </b>
            ) : (
              <b>
                <Trans>Meta verified the callback: {clockTime(verifiedAt, now(), localesOf(i18n))}</Trans>
              </b>
            )}
            <div className="buttons">{first !== undefined && verifiedAt === null && <CheckAgain pageId={first.page_id} />}</div>
          </div>
        </div>
        <div className="wizard-buttons">
          <Back onPress={() => go("pages")} />
          <Button className="button primary" onPress={() => go("running")}>
            <Trans>Next</Trans>
          </Button>
        </div>
      </section>
      <section className="panel">
        <h2>
          <Trans>In the Facebook app</Trans>
        </h2>
        <p className="small">
          <Trans>Pagedesk does these steps by itself where the token allows it. If it cannot, do them here:</Trans>
        </p>
        <ol className="do">
          <li>
            <Trans>Open Messenger, Settings, Webhooks.</Trans>
          </li>
          <li>
            <Trans>Choose Add callback URL, paste both values, Verify and save.</Trans>
          </li>
          <li>
            <Trans>Add subscriptions for the page: {pageNames}</Trans>
          </li>
          <li>
            <Trans>Tick messages and the other fields:</Trans>
            <div className="small">{fields.join(", ")}</div>
            <CopyButton text={fields.join(", ")}>
              <Trans>Copy all {fields.length}</Trans>
            </CopyButton>
          </li>
        </ol>
        <div className="notice">
          <b>
            <Trans>After 24 hours</Trans>
          </b>
          <div className="small">
            <Trans>
              To let agents answer for 7 days, switch the message tag on for the page here and request the Human Agent feature in App
              Review.
            </Trans>
          </div>
        </div>
      </section>
    </div>
  );
}
