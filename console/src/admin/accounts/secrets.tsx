import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api } from "../../api/client";
import { useChanged } from "../kit/data";
import { TextInput } from "../kit/fields";
import { EditForm } from "../kit/form";
import type { FacebookPage } from "../kit/types";
import { TokenProblems } from "./token-problems";
import { checkToken, isOnlySilence, type TokenCheck } from "./token-check";

/** Says that a secret is stored, which nobody is shown again, and lets one replace it. */
export function Saved({ what, onReplace }: { what: string; onReplace: () => void }) {
  return (
    <div className="secret">
      <span aria-hidden>✓</span>
      <span>{what}</span>
      <Button className="button" onPress={onReplace}>
        <Trans>Replace</Trans>
      </Button>
    </div>
  );
}

/** A new application secret for an account. Nothing of it stays here once it is saved. */
export function ReplaceSecret({ accountId, onDone }: { accountId: string; onDone: () => void }) {
  const { t } = useLingui();
  const changed = useChanged();
  const [secret, setSecret] = useState("");
  async function save() {
    await api.PATCH("/v1/accounts/{account_id}", {
      params: { path: { account_id: accountId } },
      body: { app_secret: secret },
    });
    setSecret("");
    await changed("account", "page");
    onDone();
  }
  return (
    <EditForm onSave={save} buttons={<CancelButton onPress={onDone} />}>
      <TextInput
        label={t`New application secret`}
        name="app_secret"
        type="password"
        value={secret}
        onChange={setSecret}
        isRequired
        hint={t`From Settings, Basic of the Facebook app. Deliveries signed by the former one are taken for 7 more days.`}
      />
    </EditForm>
  );
}

/** A new access token for a page, checked before it is saved. */
export function ReplaceToken({ page, onDone }: { page: FacebookPage; onDone: () => void }) {
  const { t } = useLingui();
  const changed = useChanged();
  const [token, setToken] = useState("");
  const [checked, setChecked] = useState<TokenCheck | null>(null);

  async function save(unchecked = false) {
    if (!unchecked) {
      const found = await checkToken(page.account_id, page.page_id, token);
      setChecked(found);
      if (found.problems.length > 0) {
        return;
      }
    }
    await api.POST("/v1/pages/{page_id}/reauthorize", {
      params: { path: { page_id: page.page_id } },
      body: { access_token: token },
    });
    setToken("");
    await changed("page");
    onDone();
  }
  const problems = checked?.problems ?? [];
  return (
    <EditForm
      onSave={() => save(problems.length > 0 && isOnlySilence(problems))}
      saveLabel={
        problems.length > 0 && isOnlySilence(problems) ? <Trans>Save without the check</Trans> : <Trans>Check and save</Trans>
      }
      buttons={<CancelButton onPress={onDone} />}
    >
      <TextInput
        label={t`New page access token`}
        name="access_token"
        type="password"
        value={token}
        onChange={(given) => {
          setToken(given);
          setChecked(null);
        }}
        isRequired
      />
      <TokenProblems problems={problems} />
    </EditForm>
  );
}

export function CancelButton({ onPress }: { onPress: () => void }) {
  return (
    <Button className="button" onPress={onPress}>
      <Trans>Cancel</Trans>
    </Button>
  );
}
