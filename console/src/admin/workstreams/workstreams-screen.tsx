import { Trans, useLingui } from "@lingui/react/macro";
import { api } from "../../api/client";
import { useAllPages } from "../health/pages";
import { useChanged } from "../kit/data";
import { ConfirmButton } from "../kit/form";
import { useWorkstreams } from "../kit/choices";
import { AdminLink, Loaded, Screen, Table, Tabs, useGo } from "../kit/screen";
import type { Workstream } from "../kit/types";
import { RulesTab } from "../rules/rules-tab";
import { AdvancedTab } from "./advanced-tab";
import { CreateWorkstream } from "./create-workstream";
import { DistributionTab } from "./distribution-tab";
import { FacebookSetUp } from "./facebook-set-up";
import { MODES } from "./names";

/** Workstreams, and one with its tabs. */
export function WorkstreamsScreen({ path: [id, tab, part] }: { path: string[] }) {
  const rows = useWorkstreams();
  if (id === undefined || id === "") {
    return <List />;
  }
  if (id === "new") {
    return <CreateWorkstream />;
  }
  return (
    <Loaded from={rows}>
      {(listed) => {
        const row = listed.find((each) => each.id === id);
        return row === undefined ? <List /> : <OneWorkstream key={id} row={row} tab={tab ?? ""} part={part} />;
      }}
    </Loaded>
  );
}

function List() {
  const { t, i18n } = useLingui();
  const rows = useWorkstreams();
  const pages = useAllPages();
  const namesOf = (row: Workstream) =>
    (pages.data ?? []).filter((page) => row.page_ids.includes(page.page_id)).map((page) => page.name);
  return (
    <Screen
      title={t`Workstreams`}
      actions={
        <AdminLink to="workstreams/new" className="button primary">
          <Trans>New workstream</Trans>
        </AdminLink>
      }
    >
      <Loaded from={rows}>
        {(listed) => (
          <Table
            label={t`Workstreams`}
            rows={listed}
            keyOf={(row) => row.id}
            empty={<Trans>No workstream yet. It says how the conversations of its pages reach agents.</Trans>}
            columns={[t`Name`, t`Work distribution`, t`Pages`]}
            cells={(row) => [
              <AdminLink key="name" to={`workstreams/${row.id}`}>
                {row.name}
              </AdminLink>,
              i18n._(MODES[row.work_distribution.mode].label),
              row.page_ids.length === 0 ? (
                <AdminLink key="pages" to={`workstreams/${row.id}/facebook`}>
                  <Trans>Set up Facebook</Trans>
                </AdminLink>
              ) : (
                namesOf(row).join(", ")
              ),
            ]}
          />
        )}
      </Loaded>
    </Screen>
  );
}

function OneWorkstream({ row, tab, part }: { row: Workstream; tab: string; part: string | undefined }) {
  const { t } = useLingui();
  const go = useGo();
  const changed = useChanged();
  async function remove() {
    await api.DELETE("/v1/workstreams/{workstream_id}", { params: { path: { workstream_id: row.id } } });
    await changed("workstream");
    go("workstreams");
  }
  return (
    <Screen
      title={<span dir="auto">{row.name}</span>}
      crumb={<AdminLink to="workstreams">{t`Workstreams`}</AdminLink>}
      actions={
        <ConfirmButton label={t`Delete`} title={t`Delete ${row.name}?`} onConfirm={remove}>
          <Trans>Its pages must belong to another workstream first, and its conversations be closed.</Trans>
        </ConfirmButton>
      }
    >
      <Tabs
        label={row.name}
        current={tab === "facebook" ? "" : tab}
        base={`workstreams/${row.id}`}
        tabs={[
          ["", t`Facebook`],
          ["rules", t`Routing rules`],
          ["distribution", t`Work distribution`],
          ["advanced", t`Advanced settings`],
        ]}
      />
      {tab === "" && <PagesTab row={row} />}
      {tab === "facebook" && <FacebookSetUp workstream={row} step={part} />}
      {tab === "rules" && <RulesTab workstream={row} setId={part} />}
      {tab === "distribution" && <DistributionTab workstream={row} />}
      {tab === "advanced" && <AdvancedTab workstream={row} />}
    </Screen>
  );
}

function PagesTab({ row }: { row: Workstream }) {
  const { t } = useLingui();
  const pages = useAllPages();
  return (
    <div className="stack">
      <Loaded from={pages}>
        {(listed) => (
          <Table
            label={t`Pages`}
            rows={listed.filter((page) => row.page_ids.includes(page.page_id))}
            keyOf={(page) => page.page_id}
            empty={<Trans>No page belongs to this workstream yet. Set up Facebook to choose one.</Trans>}
            columns={[t`Page`, t`Language`, t`Files`, t`Message tag`]}
            cells={(page) => [
              page.name,
              page.language,
              [page.attachments_for_customers && t`from customers`, page.attachments_for_agents && t`from agents`]
                .filter((each) => each !== false)
                .join(", ") || t`none`,
              page.human_agent_tag ? t`on` : t`off`,
            ]}
          />
        )}
      </Loaded>
      <div className="wizard-buttons">
        <AdminLink to={`workstreams/${row.id}/facebook`} className="button primary">
          <Trans>Set up Facebook</Trans>
        </AdminLink>
      </div>
    </div>
  );
}
