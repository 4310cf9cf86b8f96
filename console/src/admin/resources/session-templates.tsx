import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { allOf } from "../kit/data";
import { Choice, TextInput, Toggle } from "../kit/fields";
import { keyed } from "../kit/form";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";
import { RemoveButton } from "../kit/remove-button";

type Template = Schemas["SessionTemplateView"];
type Tab = Schemas["TabView"] & { key: string };
interface Draft {
  name: string;
  title: string;
  communication_panel: Schemas["CommunicationPanel"];
  tabs: Tab[];
}

const EXAMPLES = "{CustomerName}, {$OrderNumber$}";

function TemplateFields({ draft, change }: { draft: Draft; change: (changes: Partial<Draft>) => void }) {
  const { t } = useLingui();
  const put = (changed: Tab) => change({ tabs: draft.tabs.map((each) => (each.key === changed.key ? changed : each)) });
  return (
    <>
      <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
      <TextInput
        label={t`Title of a session`}
        name="title"
        value={draft.title}
        onChange={(title) => change({ title })}
        isRequired
        hint={t`With placeholders, such as ${EXAMPLES}.`}
      />
      <Choice
        label={t`The thread is shown`}
        name="communication_panel"
        value={draft.communication_panel}
        onChange={(panel) => change({ communication_panel: panel ?? "docked" })}
        options={[
          { id: "docked", label: t`docked` },
          { id: "minimised", label: t`minimised` },
          { id: "hidden", label: t`hidden` },
        ]}
      />
      <fieldset>
        <legend>
          <Trans>Tabs</Trans>
        </legend>
        {draft.tabs.map((tab, index) => (
          <div key={tab.key} className="row-form">
            <Choice
              label={t`Shows`}
              name={`tabs.${index}.kind`}
              value={tab.kind}
              onChange={(kind) => put({ ...tab, kind: kind ?? "link", target: kind === "link" ? (tab.target ?? "") : null })}
              options={[
                { id: "conversation", label: t`the conversation` },
                { id: "customer", label: t`the customer` },
                { id: "link", label: t`a web address` },
              ]}
            />
            <TextInput
              label={t`Title`}
              name={`tabs.${index}.title`}
              value={tab.title}
              onChange={(title) => put({ ...tab, title })}
              isRequired
            />
            {tab.kind === "link" && (
              <TextInput
                label={t`Address`}
                name={`tabs.${index}.target`}
                value={tab.target ?? ""}
                onChange={(target) => put({ ...tab, target })}
                isRequired
              />
            )}
            <Toggle
              label={t`May be closed`}
              name={`tabs.${index}.can_close`}
              value={tab.can_close}
              onChange={(canClose) => put({ ...tab, can_close: canClose })}
            />
            <RemoveButton label={t`Remove ${tab.title}`} onPress={() => change({ tabs: draft.tabs.filter((each) => each.key !== tab.key) })} />
          </div>
        ))}
        <div>
          <Button
            className="button"
            onPress={() =>
              change({ tabs: [...draft.tabs, keyed({ kind: "link" as const, title: "", target: "https://", can_close: true })] })
            }
          >
            <Trans>Add a tab</Trans>
          </Button>
        </div>
      </fieldset>
    </>
  );
}

const templates: Resource<Template, Draft> = {
  path: "session-templates",
  kind: "session_template",
  title: msg`Session templates`,
  newLabel: msg`New session template`,
  empty: msg`No session template yet: agents see the thread alone.`,
  list: () => allOf((query) => api.GET("/v1/session-templates", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Title of a session`],
  Cells: [({ row }) => row.title],
  draftOf: (row) => ({
    name: row?.name ?? "",
    title: row?.title ?? "{CustomerName}",
    communication_panel: row?.communication_panel ?? "docked",
    tabs: (row?.tabs ?? []).map(keyed),
  }),
  Fields: TemplateFields,
  save: async (row, draft, keyFor) => {
    const body = { ...draft, name: draft.name.trim(), tabs: draft.tabs.map(({ key: _key, ...tab }) => tab) };
    const saved =
      row === null
        ? api.POST("/v1/session-templates", { params: { header: keyFor(body) }, body })
        : api.PUT("/v1/session-templates/{template_id}", { params: { path: { template_id: row.id } }, body });
    return (await bodyOf<Template>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/session-templates/{template_id}", { params: { path: { template_id: row.id } } }),
};

export const SessionTemplatesScreen = resourceScreen(templates);
