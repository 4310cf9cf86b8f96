import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { readPagesOf } from "../health/pages";
import { useChanged, useRead } from "../kit/data";
import { Check, TextInput } from "../kit/fields";
import { ConfirmButton, EditForm, useIdempotencyKey, useKeptDraft } from "../kit/form";
import { AdminLink, Loaded, Screen, useGo } from "../kit/screen";
import { SettingsForm } from "../kit/settings-form";
import type { Account, FacebookPage } from "../kit/types";
import { CallbackStep } from "./callback-step";
import { PagesStep } from "./pages-step";
import { RunningStep } from "./running-step";
import { ReplaceSecret, Saved } from "./secrets";
import { Steps } from "./steps";

const STEPS = ["before", "details", "app", "pages", "callback", "running"] as const;
export type AccountStep = (typeof STEPS)[number];

interface Begun {
  acknowledged: boolean;
  name: string;
  appId: string;
}

/** The account that is set up; null before it is made. */
export interface StepProps {
  account: Account;
  pages: FacebookPage[];
  go: (step: AccountStep) => void;
}

/** How far an account is set up: where one goes on. */
function nextStep(pages: readonly FacebookPage[]): AccountStep {
  return pages.length === 0 ? "pages" : "running";
}

/** A new account: its first three steps are kept in this browser, without the secret. */
export function NewAccount({ step }: { step: string | undefined }) {
  const { t } = useLingui();
  const go = useGo();
  const changed = useChanged();
  const keyFor = useIdempotencyKey();
  const [begun, change, forget] = useKeptDraft<Begun>("account", { acknowledged: false, name: "", appId: "" });
  const [secret, setSecret] = useState("");
  // Nobody comes past the notice, and the account has a name before it has an app.
  const furthest: AccountStep = !begun.acknowledged ? "before" : begun.name.trim() === "" ? "details" : "app";
  // Who comes back goes on where they were.
  const [start] = useState(furthest);
  const wanted = STEPS.find((each) => each === step) ?? start;
  const current = STEPS.indexOf(wanted) > STEPS.indexOf(furthest) ? furthest : wanted;
  const show = (next: AccountStep) => go(`accounts/new/${next}`);

  async function create() {
    const body = { name: begun.name.trim(), app_id: begun.appId.trim(), app_secret: secret };
    const account = await bodyOf(api.POST("/v1/accounts", { params: { header: keyFor(body) }, body }));
    await changed("account");
    setSecret("");
    forget();
    go(`accounts/${account.id}/pages`);
  }

  return (
    <Screen title={t`Connect a Facebook page`} crumb={<Crumb name={t`New`} />}>
      <AccountSteps current={current} name={begun.name} hrefOf={(each) => (STEPS.indexOf(each) <= STEPS.indexOf(furthest) ? `accounts/new/${each}` : null)} />
      {current === "before" && (
        <Before>
          <div className="panel">
            <PrivacyNotice />
            <Check isSelected={begun.acknowledged} onChange={(acknowledged) => change({ acknowledged })}>
              <Trans>I have read this</Trans>
            </Check>
            <div className="wizard-buttons">
              <Button className="button primary" isDisabled={!begun.acknowledged} onPress={() => show("details")}>
                <Trans>Next</Trans>
              </Button>
            </div>
          </div>
        </Before>
      )}
      {current === "details" && (
        <div className="panel">
          <EditForm
            onSave={() => Promise.resolve(show("app"))}
            saveLabel={<Trans>Next</Trans>}
            isDisabled={begun.name.trim() === ""}
            buttons={<Back onPress={() => show("before")} />}
          >
            <TextInput
              label={t`Name`}
              name="name"
              value={begun.name}
              onChange={(name) => change({ name })}
              isRequired
              hint={t`How this account is called here, for example the name of your business.`}
            />
            <div className="field">
              <b>
                <Trans>Channel</Trans>
              </b>
              <span>Facebook</span>
            </div>
          </EditForm>
        </div>
      )}
      {current === "app" && (
        <div className="two">
          <div className="panel">
            <EditForm onSave={create} saveLabel={<Trans>Add account</Trans>} buttons={<Back onPress={() => show("details")} />}>
              <TextInput
                label={t`Application ID`}
                name="app_id"
                inputMode="numeric"
                value={begun.appId}
                onChange={(appId) => change({ appId })}
                isRequired
              />
              <TextInput
                label={t`Application secret`}
                name="app_secret"
                type="password"
                value={secret}
                onChange={setSecret}
                isRequired
                hint={t`It is stored encrypted, and never shown again.`}
              />
            </EditForm>
          </div>
          <WhereTheAppIs />
        </div>
      )}
    </Screen>
  );
}

/** An account that exists, at one of its steps. */
export function AccountSetUp({ accountId, step }: { accountId: string; step: string | undefined }) {
  const path = { account_id: accountId };
  const account = useRead(["account", accountId], () => bodyOf(api.GET("/v1/accounts/{account_id}", { params: { path } })));
  const pages = useRead(["page", "of", accountId], () => readPagesOf(accountId));
  return (
    <Loaded from={account}>
      {(found) => <Loaded from={pages}>{(listed) => <SetUp account={found} pages={listed} step={step} />}</Loaded>}
    </Loaded>
  );
}

function SetUp({ account, pages, step }: { account: Account; pages: FacebookPage[]; step: string | undefined }) {
  const goTo = useGo();
  const changed = useChanged();
  const go = (next: AccountStep) => goTo(`accounts/${account.id}/${next}`);
  const current = STEPS.find((each) => each === step) ?? nextStep(pages);
  const props: StepProps = { account, pages, go };
  async function remove() {
    await api.DELETE("/v1/accounts/{account_id}", { params: { path: { account_id: account.id } } });
    await changed("account", "page");
    goTo("accounts");
  }
  return (
    <Screen
      title={<span dir="auto">{account.name}</span>}
      crumb={<Crumb name={account.name} />}
      actions={
        <ConfirmButton label={<Trans>Delete account</Trans>} title={<Trans>Delete this account?</Trans>} onConfirm={remove}>
          <Trans>Its secrets are forgotten. It must have no pages any more.</Trans>
        </ConfirmButton>
      }
    >
      <AccountSteps
        current={current}
        name={account.name}
        pages={pages}
        hasCallback={account.callback_url !== null}
        hrefOf={(each) => `accounts/${account.id}/${each}`}
      />
      {current === "before" && (
        <Before>
          <div className="panel">
            <PrivacyNotice />
          </div>
        </Before>
      )}
      {current === "details" && <Details key={account.id} account={account} />}
      {current === "app" && <App account={account} />}
      {current === "pages" && <PagesStep {...props} />}
      {current === "callback" && <CallbackStep {...props} />}
      {current === "running" && <RunningStep {...props} />}
    </Screen>
  );
}

function Details({ account }: { account: Account }) {
  const { t } = useLingui();
  const changed = useChanged();
  async function save(body: { name: string }) {
    await api.PATCH("/v1/accounts/{account_id}", { params: { path: { account_id: account.id } }, body });
    await changed("account");
  }
  return (
    <div className="panel">
      <SettingsForm settings={{ name: account.name }} save={save}>
        {({ name }, change) => (
          <>
            <TextInput label={t`Name`} name="name" value={name} onChange={(given) => change({ name: given })} isRequired />
            <div className="field">
              <b>
                <Trans>Channel</Trans>
              </b>
              <span>Facebook</span>
            </div>
          </>
        )}
      </SettingsForm>
    </div>
  );
}

function App({ account }: { account: Account }) {
  const { t } = useLingui();
  const [replaces, setReplaces] = useState(false);
  return (
    <div className="two">
      <div className="panel stack">
        <div className="field">
          <b>
            <Trans>Application ID</Trans>
          </b>
          <span>{account.app_id}</span>
        </div>
        <div className="field">
          <b>
            <Trans>Application secret</Trans>
          </b>
          {replaces ? (
            <ReplaceSecret accountId={account.id} onDone={() => setReplaces(false)} />
          ) : (
            <Saved what={t`saved`} onReplace={() => setReplaces(true)} />
          )}
        </div>
      </div>
      <WhereTheAppIs />
    </div>
  );
}

interface AccountStepsProps {
  current: AccountStep;
  name: string;
  pages?: FacebookPage[];
  hasCallback?: boolean;
  hrefOf: (step: AccountStep) => string | null;
}

function AccountSteps({ current, name, pages, hasCallback = false, hrefOf }: AccountStepsProps) {
  const { t } = useLingui();
  const count = pages?.length ?? 0;
  const areRunning = count > 0 && pages?.every((page) => page.provisioning_state === "Running") === true;
  const rows: [AccountStep, string, string, boolean][] = [
    ["before", t`Before you begin`, t`prerequisites, privacy`, pages !== undefined || name !== ""],
    ["details", t`Channel details`, name === "" ? "Facebook" : `${name}, Facebook`, pages !== undefined || name !== ""],
    ["app", t`Application`, pages === undefined ? t`ID and secret` : t`ID and secret saved`, pages !== undefined],
    ["pages", t`Pages`, t`${count} saved`, count > 0],
    ["callback", t`Callback`, t`copy to Facebook`, hasCallback && areRunning],
    ["running", t`Running`, t`checked live`, areRunning],
  ];
  return (
    <Steps
      label={t`Steps`}
      steps={rows.map(([id, title, hint, isDone]) => ({ id, title, hint, isDone, to: hrefOf(id) }))}
      current={current}
    />
  );
}

function Crumb({ name }: { name: string }) {
  return (
    <>
      <AdminLink to="accounts">
        <Trans>Facebook accounts</Trans>
      </AdminLink>{" "}
      / {name}
    </>
  );
}

export function Back({ onPress }: { onPress: () => void }) {
  return (
    <>
      <Button className="button" onPress={onPress}>
        <Trans>Back</Trans>
      </Button>
      <span className="grow" />
    </>
  );
}

/** Prerequisites, then roles and permissions, then what the children say of privacy. */
function Before({ children }: { children: ReactNode }) {
  return (
    <div className="stack">
      <section className="panel">
        <h2>
          <Trans>Prerequisites</Trans>
        </h2>
        <ul className="plain">
          <li>
            <Trans>A Facebook page that you control, with its messaging switched on.</Trans>
          </li>
          <li>
            <Trans>
              An app of the type Business at developers.facebook.com, with the product Messenger, and the page added to it.
            </Trans>
          </li>
          <li>
            <Trans>In a test environment: test accounts under App Roles, Roles, Testers; each must accept the invitation.</Trans>
          </li>
          <li>
            <Trans>Application ID and application secret: in the app under Settings, Basic.</Trans>
          </li>
        </ul>
      </section>
      <section className="panel">
        <h2>
          <Trans>Roles and permissions</Trans>
        </h2>
        <ul className="plain">
          <li>
            <Trans>
              The app needs the permission pages_messaging, so that people without a role in the app can be answered, and
              pages_manage_metadata to subscribe to the page's messages.
            </Trans>
          </li>
          <li>
            <Trans>While the app is in development mode, only people with a role in it can write to the page and be answered.</Trans>
          </li>
          <li>
            <Trans>For customers' names the app needs Business Asset User Profile Access. Without it customers are shown by their ID.</Trans>
          </li>
        </ul>
      </section>
      {children}
    </div>
  );
}

function PrivacyNotice() {
  return (
    <>
      <h2>
        <Trans>Privacy notice</Trans>
      </h2>
      <div className="notice">
        <p>
          <Trans>
            Who writes to your page writes to Meta: words, files and profile pass through Meta's systems, under Meta's terms and
            outside your own compliance and geographic boundaries, and are then kept by you.
          </Trans>
        </p>
        <p>
          <Trans>
            You are responsible for telling your customers that their conversations may be monitored, recorded and stored, for their
            consent where the law asks for it, and for telling your agents the same.
          </Trans>
        </p>
      </div>
    </>
  );
}

function WhereTheAppIs() {
  return (
    <section className="panel">
      <h2>
        <Trans>In the Facebook app</Trans>
      </h2>
      <ol className="do">
        <li>
          <Trans>Open developers.facebook.com, My Apps, and your app.</Trans>
        </li>
        <li>
          <Trans>Open Settings, Basic.</Trans>
        </li>
        <li>
          <Trans>Copy App ID. Then press Show beside App Secret, and copy that.</Trans>
        </li>
      </ol>
    </section>
  );
}
