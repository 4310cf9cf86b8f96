import { Trans, useLingui } from "@lingui/react/macro";
import { readAccounts, useAllPages } from "../health/pages";
import { useRead } from "../kit/data";
import { AdminLink, Loaded, Screen, Table } from "../kit/screen";
import type { FacebookPage } from "../kit/types";
import { AccountSetUp, NewAccount } from "./account-wizard";
import { PageState } from "./page-state";

/** Accounts; each opens where its set-up goes on. */
export function AccountsScreen({ path: [id, step] }: { path: string[] }) {
  if (id === "new") {
    return <NewAccount step={step} />;
  }
  return id === undefined || id === "" ? <AccountList /> : <AccountSetUp key={id} accountId={id} step={step} />;
}

function PagesOf({ accountId, pages }: { accountId: string; pages: FacebookPage[] | undefined }) {
  if (pages === undefined) {
    return null;
  }
  if (pages.length === 0) {
    return (
      <AdminLink to={`accounts/${accountId}/pages`}>
        <Trans>Go on: add a page</Trans>
      </AdminLink>
    );
  }
  return pages.map((page) => (
    <div key={page.page_id}>
      {page.name} <PageState page={page} />
    </div>
  ));
}

function AccountList() {
  const { t } = useLingui();
  const accounts = useRead(["account", "all"], readAccounts);
  const pages = useAllPages();
  return (
    <Screen
      title={<Trans>Facebook accounts</Trans>}
      actions={
        <AdminLink to="accounts/new" className="button primary">
          <Trans>New account</Trans>
        </AdminLink>
      }
    >
      <Loaded from={accounts}>
        {(rows) => (
          <Table
            label={t`Facebook accounts`}
            rows={rows}
            keyOf={(row) => row.id}
            empty={<Trans>No account yet. A new account connects a Facebook page in six steps.</Trans>}
            columns={[t`Name`, t`Application ID`, t`Pages`]}
            cells={(row) => [
              <AdminLink key="name" to={`accounts/${row.id}`}>
                {row.name}
              </AdminLink>,
              row.app_id,
              <PagesOf
                key="pages"
                accountId={row.id}
                pages={pages.data?.filter((page) => page.account_id === row.id)}
              />,
            ]}
          />
        )}
      </Loaded>
    </Screen>
  );
}
