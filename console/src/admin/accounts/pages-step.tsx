import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api } from "../../api/client";
import { useChanged } from "../kit/data";
import { TextInput } from "../kit/fields";
import { ConfirmButton, EditForm, useIdempotencyKey, useKeptDraft } from "../kit/form";
import type { Account, FacebookPage } from "../kit/types";
import { PageState } from "./page-state";
import type { StepProps } from "./account-wizard";
import { Back } from "./account-wizard";
import { ReplaceToken, Saved } from "./secrets";
import { checkToken, isOnlySilence, type TokenCheck } from "./token-check";
import { TokenProblems } from "./token-problems";

/** The pages of an account, and a form for another one. */
export function PagesStep({ account, pages, go }: StepProps) {
  const [adds, setAdds] = useState(false);
  const showsForm = adds || pages.length === 0;
  return (
    <div className="two">
      <div className="stack">
        {pages.map((page) => (
          <SavedPage key={page.page_id} page={page} />
        ))}
        {showsForm ? (
          <section className="panel">
            <h2>{pages.length === 0 ? <Trans>Add a Facebook page</Trans> : <Trans>Add another page</Trans>}</h2>
            <NewPage account={account} onSaved={() => setAdds(false)} />
          </section>
        ) : (
          <div className="wizard-buttons">
            <Back onPress={() => go("app")} />
            <Button className="button" onPress={() => setAdds(true)}>
              <Trans>Add another page</Trans>
            </Button>
            <Button className="button primary" onPress={() => go("callback")}>
              <Trans>Next</Trans>
            </Button>
          </div>
        )}
      </div>
      <WhereThePageIs />
    </div>
  );
}

function SavedPage({ page }: { page: FacebookPage }) {
  const { t } = useLingui();
  const changed = useChanged();
  const [replaces, setReplaces] = useState(false);
  async function remove() {
    await api.DELETE("/v1/pages/{page_id}", { params: { path: { page_id: page.page_id } } });
    await changed("page", "account");
  }
  return (
    <section className="panel stack" aria-label={page.name}>
      <div className="secret">
        <h2 dir="auto">{page.name}</h2>
        <span className="small">{page.page_id}</span>
        <span className="grow" />
        <PageState page={page} />
      </div>
      {replaces ? (
        <ReplaceToken page={page} onDone={() => setReplaces(false)} />
      ) : (
        <Saved what={t`Access token saved`} onReplace={() => setReplaces(true)} />
      )}
      <div className="wizard-buttons">
        <ConfirmButton label={<Trans>Remove page</Trans>} title={<Trans>Remove this page?</Trans>} onConfirm={remove}>
          <Trans>Its subscription at Meta ends and its access token is forgotten. Its history stays readable.</Trans>
        </ConfirmButton>
      </div>
    </section>
  );
}

/** Name and id are kept in this browser until the page is saved; the token is not. */
function NewPage({ account, onSaved }: { account: Account; onSaved: () => void }) {
  const { t } = useLingui();
  const changed = useChanged();
  const keyFor = useIdempotencyKey();
  const [draft, change, forget] = useKeptDraft(`page-${account.id}`, { name: "", pageId: "" });
  const [token, setToken] = useState("");
  const [checked, setChecked] = useState<TokenCheck | null>(null);
  const problems = checked?.problems ?? [];
  const isUnanswered = problems.length > 0 && isOnlySilence(problems);

  async function save() {
    const pageId = draft.pageId.trim();
    if (!isUnanswered) {
      const found = await checkToken(account.id, pageId, token);
      setChecked(found);
      if (found.problems.length > 0) {
        return;
      }
    }
    const body = { name: draft.name.trim(), page_id: pageId, access_token: token };
    await api.POST("/v1/accounts/{account_id}/pages", {
      params: { path: { account_id: account.id }, header: keyFor(body) },
      body: body as never,
    });
    setToken("");
    forget();
    await changed("page", "account");
    onSaved();
  }

  return (
    <EditForm
      onSave={save}
      saveLabel={isUnanswered ? <Trans>Save without the check</Trans> : <Trans>Check and save</Trans>}
    >
      <TextInput label={t`Page name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
      <TextInput
        label={t`Page ID`}
        name="page_id"
        inputMode="numeric"
        value={draft.pageId}
        onChange={(pageId) => {
          change({ pageId });
          setChecked(null);
        }}
        isRequired
      />
      <TextInput
        label={t`Page access token`}
        name="access_token"
        type="password"
        value={token}
        onChange={(given) => {
          setToken(given);
          setChecked(null);
        }}
        isRequired
        hint={t`It is checked at Meta, stored encrypted, and never shown again.`}
      />
      <TokenProblems problems={problems} />
    </EditForm>
  );
}

function WhereThePageIs() {
  return (
    <section className="panel">
      <h2>
        <Trans>Where to find it</Trans>
      </h2>
      <ol className="do">
        <li>
          <Trans>Page ID: on the page, About, Page transparency.</Trans>
        </li>
        <li>
          <Trans>
            Page access token: in the Facebook app, Messenger, Settings, Access Tokens. Add the page, choose it, grant everything
            that is asked for, then Generate.
          </Trans>
        </li>
      </ol>
      <div className="notice">
        <Trans>A token must be renewed every 60 days. Pagedesk warns before, and says when Meta does not accept it any more.</Trans>
      </div>
    </section>
  );
}
