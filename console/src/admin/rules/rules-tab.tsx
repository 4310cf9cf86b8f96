import { Trans, useLingui } from "@lingui/react/macro";
import { api, bodyOf as answerOf } from "../../api/client";
import { useRead } from "../kit/data";
import { AdminLink, Loaded, Table } from "../kit/screen";
import type { Workstream } from "../kit/types";
import { RuleSetEditor } from "./rule-set-editor";

/** The rule sets of a workstream: first those that classify, then the one that leads to queues. */
export function RulesTab({ workstream, setId }: { workstream: Workstream; setId: string | undefined }) {
  const { t } = useLingui();
  const base = `workstreams/${workstream.id}/rules`;
  const sets = useRead(["rule_set", workstream.id], () =>
    answerOf(api.GET("/v1/workstreams/{workstream_id}/rule-sets", { params: { path: { workstream_id: workstream.id } } })),
  );
  if (setId === "new-classification" || setId === "new-route") {
    const kind = setId === "new-route" ? "route" : "classification";
    return <RuleSetEditor key={setId} workstream={workstream} given={null} kind={kind} />;
  }
  return (
    <Loaded from={sets}>
      {({ items }) => {
        const given = items.find((each) => each.id === setId);
        if (given !== undefined) {
          return <RuleSetEditor key={given.id} workstream={workstream} given={given} kind={given.kind} />;
        }
        return (
          <div className="stack">
            <Table
              label={t`Rule sets`}
              rows={items}
              keyOf={(row) => row.id}
              empty={<Trans>No rules yet: everything goes to the fallback queue.</Trans>}
              columns={[t`Name`, t`Kind`, t`Rules`, t`State`]}
              cells={(row) => [
                <AdminLink key="name" to={`${base}/${row.id}`}>
                  {row.name}
                </AdminLink>,
                row.kind === "route" ? t`Route to queue` : t`Classification`,
                row.rules.length,
                row.active ? t`on` : t`off`,
              ]}
            />
            <div className="wizard-buttons">
              <AdminLink to={`${base}/new-classification`} className="button">
                <Trans>New classification</Trans>
              </AdminLink>
              {!items.some((each) => each.kind === "route") && (
                <AdminLink to={`${base}/new-route`} className="button primary">
                  <Trans>New route to queues</Trans>
                </AdminLink>
              )}
              <AdminLink to={`workstreams/${workstream.id}/distribution`} className="button">
                <Trans>Next: work distribution</Trans>
              </AdminLink>
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}
