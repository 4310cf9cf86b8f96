import { msg } from "@lingui/core/macro";
import type { MessageDescriptor } from "@lingui/core";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { api, bodyOf } from "../../api/client";
import { allOf, useChanged, useRead } from "../kit/data";
import { Checks, Choice, NumberInput, TextInput, Toggle } from "../kit/fields";
import { ConfirmButton, EditForm, useDraft } from "../kit/form";
import { named, useProfiles, useSkills } from "../kit/choices";
import { type Resource, resourceScreen } from "../kit/resource";
import { CopyButton, Loaded, Table } from "../kit/screen";
import { SettingsForm } from "../kit/settings-form";
import type { Schemas } from "../kit/types";

type Agent = Schemas["AgentView"];
type Role = Schemas["Role"];

interface Draft {
  name: string;
  role: Role;
  email: string;
  password: string;
  active: boolean;
}

const ROLES: Record<Role, MessageDescriptor> = {
  agent: msg`Agent`,
  supervisor: msg`Supervisor`,
  admin: msg`Administrator`,
  machine: msg`Program`,
};

function RoleOf({ row }: { row: Agent }) {
  const { i18n } = useLingui();
  return i18n._(ROLES[row.role]);
}

function Standing({ row }: { row: Agent }) {
  const { t } = useLingui();
  if (!row.active) {
    return <span className="badge outline">{t`deactivated`}</span>;
  }
  return row.role !== "machine" && !row.has_password ? (
    <span className="badge warn">{t`cannot sign in yet`}</span>
  ) : (
    <span className="badge ok">{t`active`}</span>
  );
}

function AgentFields({ draft, change, row }: { draft: Draft; change: (changes: Partial<Draft>) => void; row: Agent | null }) {
  const { t, i18n } = useLingui();
  return (
    <>
      <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
      <Choice
        label={t`Role`}
        name="role"
        value={draft.role}
        onChange={(role) => change({ role: role ?? "agent" })}
        options={(Object.keys(ROLES) as Role[]).map((id) => ({ id, label: i18n._(ROLES[id]) }))}
      />
      {draft.role !== "machine" && (
        <>
          <TextInput
            label={t`Email`}
            name="email"
            type="email"
            value={draft.email}
            onChange={(email) => change({ email })}
            hint={t`With it they sign in.`}
          />
          <TextInput
            label={row?.has_password === true ? t`New password` : t`Password`}
            name="password"
            type="password"
            autoComplete="new-password"
            value={draft.password}
            onChange={(password) => change({ password })}
            hint={row?.has_password === true ? t`Saved. Empty: it stays as it is.` : t`At least 8 characters.`}
          />
        </>
      )}
      {row !== null && (
        <Toggle
          label={t`Active`}
          name="active"
          value={draft.active}
          onChange={(active) => change({ active })}
          hint={t`Who is deactivated cannot sign in, and their conversations go back to their queues.`}
        />
      )}
    </>
  );
}

function More({ row }: { row: Agent }) {
  return (
    <>
      {row.role !== "machine" && (
        <>
          <SkillsOf row={row} />
          <CapacityOf row={row} />
        </>
      )}
      <Keys row={row} />
    </>
  );
}

function SkillsOf({ row }: { row: Agent }) {
  const path = { agent_id: row.id };
  const own = useRead(["agent", row.id, "skills"], () => bodyOf(api.GET("/v1/agents/{agent_id}/skills", { params: { path } })));
  return (
    <section className="panel">
      <h2>
        <Trans>Skills</Trans>
      </h2>
      <Loaded from={own}>{(found) => <SkillForm row={row} given={found} />}</Loaded>
    </section>
  );
}

function SkillForm({ row, given }: { row: Agent; given: Schemas["AgentSkillsView"] }) {
  const { t } = useLingui();
  const changed = useChanged();
  const skills = useSkills();
  async function save(body: Schemas["AgentSkillsView"]) {
    await api.PUT("/v1/agents/{agent_id}/skills", { params: { path: { agent_id: row.id } }, body });
    await changed("agent");
  }
  return (
    <SettingsForm settings={given} save={save}>
      {(draft, change) => (
        <>
      <Checks
        label={t`Has`}
        name="skills"
        value={draft.skills.map((each) => each.skill_id)}
        onChange={(ids) =>
          change({ skills: ids.map((id) => draft.skills.find((each) => each.skill_id === id) ?? { skill_id: id, rating: 1 }) })
        }
        options={named(skills.data)}
        empty={<Trans>There are no skills yet.</Trans>}
      />
      <div className="fields">
        {draft.skills.map((each, index) => {
          const skill = skills.data?.find((one) => one.id === each.skill_id);
          return (
            <NumberInput
              key={each.skill_id}
              label={skill?.name ?? each.skill_id}
              name={`skills.${index}.rating`}
              value={each.rating}
              onChange={(rating) =>
                change({ skills: draft.skills.with(index, { ...each, rating: rating ?? 1 }) })
              }
              min={1}
              max={skill?.max_rating ?? 100}
              unit={t`of ${skill?.max_rating ?? 100}`}
            />
          );
        })}
      </div>
        </>
      )}
    </SettingsForm>
  );
}

function CapacityOf({ row }: { row: Agent }) {
  const path = { agent_id: row.id };
  const own = useRead(["agent", row.id, "capacity"], () =>
    bodyOf(api.GET("/v1/agents/{agent_id}/capacity", { params: { path } })),
  );
  return (
    <section className="panel">
      <h2>
        <Trans>Capacity</Trans>
      </h2>
      <Loaded from={own}>{(found) => <CapacityForm row={row} given={found} />}</Loaded>
    </section>
  );
}

function CapacityForm({ row, given }: { row: Agent; given: Schemas["AgentCapacityView"] }) {
  const { t } = useLingui();
  const changed = useChanged();
  const profiles = useProfiles();
  async function save(body: Schemas["AgentCapacityView"]) {
    await api.PUT("/v1/agents/{agent_id}/capacity", { params: { path: { agent_id: row.id } }, body });
    await changed("agent");
  }
  return (
    <SettingsForm settings={given} save={save}>
      {(draft, change) => (
        <>
      <NumberInput
        label={t`Units`}
        name="units"
        value={draft.units}
        onChange={(units) => change({ units: units ?? 0 })}
        min={0}
        hint={t`How much this agent can have at once.`}
      />
      <Checks
        label={t`Capacity profiles`}
        name="profiles"
        value={draft.profiles.map((each) => each.capacity_profile_id)}
        onChange={(chosen) =>
          change({
            profiles: chosen.map(
              (id) =>
                draft.profiles.find((each) => each.capacity_profile_id === id) ?? { capacity_profile_id: id, limit: null },
            ),
          })
        }
        options={named(profiles.data)}
        empty={<Trans>There are none.</Trans>}
      />
      <div className="fields">
        {draft.profiles.map((each, index) => (
          <NumberInput
            key={each.capacity_profile_id}
            label={profiles.data?.find((one) => one.id === each.capacity_profile_id)?.name ?? each.capacity_profile_id}
            name={`profiles.${index}.limit`}
            value={each.limit}
            onChange={(limit) => change({ profiles: draft.profiles.with(index, { ...each, limit }) })}
            min={0}
            hint={t`Places. Empty: as the profile has it.`}
          />
        ))}
      </div>
        </>
      )}
    </SettingsForm>
  );
}

/** API keys of a person or a program. A new one is shown once. */
function Keys({ row }: { row: Agent }) {
  const { t, i18n } = useLingui();
  const changed = useChanged();
  const path = { agent_id: row.id };
  const keys = useRead(["key", row.id], () => bodyOf(api.GET("/v1/agents/{agent_id}/keys", { params: { path } })));
  const [draft, change] = useDraft({ name: "", end: "" });
  const [made, setMade] = useState<string | null>(null);
  async function create() {
    const body = { name: draft.name.trim(), ...(draft.end === "" ? {} : { expires_at: `${draft.end}T23:59:59Z` }) };
    const found = await bodyOf(api.POST("/v1/agents/{agent_id}/keys", { params: { path }, body }));
    setMade(found.key);
    change({ name: "", end: "" });
    await changed("key");
  }
  async function revoke(keyId: string) {
    await api.DELETE("/v1/agents/{agent_id}/keys/{key_id}", { params: { path: { ...path, key_id: keyId } } });
    await changed("key");
  }
  const day = (instant: string | null) => (instant === null ? "–" : i18n.date(new Date(instant), { dateStyle: "medium" }));
  return (
    <section className="panel stack">
      <h2>
        <Trans>API keys</Trans>
      </h2>
      {made !== null && (
        <div className="notice ok" role="status">
          <b>
            <Trans>The new key. It is shown this once: copy it now.</Trans>
          </b>
          <div className="secret">
            <code>{made}</code>
            <CopyButton text={made} />
          </div>
        </div>
      )}
      <Loaded from={keys}>
        {(listed) => (
          <Table
            label={t`API keys`}
            rows={listed.items}
            keyOf={(key) => key.id}
            empty={<Trans>No keys. Programs use them instead of a sign-in.</Trans>}
            columns={[t`Name`, t`Begins with`, t`Made`, t`Ends`, ""]}
            cells={(key) => [
              key.name,
              <code key="prefix">{key.prefix}…</code>,
              day(key.created_at),
              key.revoked_at === null ? day(key.expires_at) : t`revoked ${day(key.revoked_at)}`,
              key.revoked_at === null && (
                <ConfirmButton
                  key="revoke"
                  label={t`Revoke`}
                  title={t`Revoke ${key.name}?`}
                  onConfirm={() => revoke(key.id)}
                >
                  <Trans>The next request with it fails.</Trans>
                </ConfirmButton>
              ),
            ]}
          />
        )}
      </Loaded>
      <EditForm onSave={create} saveLabel={<Trans>New key</Trans>}>
        <div className="fields">
          <TextInput label={t`Name of the key`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
          <TextInput
            label={t`Ends on`}
            name="expires_at"
            type="date"
            value={draft.end}
            onChange={(end) => change({ end })}
            hint={t`Empty: never`}
          />
        </div>
      </EditForm>
    </section>
  );
}

const people: Resource<Agent, Draft> = {
  path: "people",
  kind: "agent",
  title: msg`People and keys`,
  newLabel: msg`New person or program`,
  empty: msg`Nobody yet.`,
  list: () => allOf((query) => api.GET("/v1/agents", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Role`, msg`Email`, msg`State`],
  Cells: [RoleOf, ({ row }) => row.email ?? "–", Standing],
  draftOf: (row) => ({
    name: row?.name ?? "",
    role: row?.role ?? "agent",
    email: row?.email ?? "",
    password: "",
    active: row?.active ?? true,
  }),
  Fields: AgentFields,
  save: async (row, draft, keyFor) => {
    const email = draft.email.trim();
    const body = {
      name: draft.name.trim(),
      role: draft.role,
      ...(email === "" ? {} : { email }),
      ...(draft.password === "" ? {} : { password: draft.password }),
    };
    const saved =
      row === null
        ? api.POST("/v1/agents", { params: { header: keyFor(body) }, body })
        : api.PATCH("/v1/agents/{agent_id}", {
            params: { path: { agent_id: row.id } },
            body: { ...body, active: draft.active },
          });
    return (await bodyOf<Agent>(saved)).id;
  },
  More,
};

export const PeopleScreen = resourceScreen(people);
