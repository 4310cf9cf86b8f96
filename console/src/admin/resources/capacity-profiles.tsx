import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { allOf } from "../kit/data";
import { Choice, NumberInput, TextInput, Toggle } from "../kit/fields";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";
import { TimeZone } from "./time-zone";

type Profile = Schemas["CapacityProfileView"];
interface Draft {
  name: string;
  default_limit: number | null;
  blocks: boolean;
  reset: Schemas["CapacityReset"];
  timezone: string;
}

const profiles: Resource<Profile, Draft> = {
  path: "capacity",
  kind: "capacity_profile",
  title: msg`Capacity profiles`,
  newLabel: msg`New capacity profile`,
  empty: msg`No capacity profile yet. Without one, units alone say how much an agent can have.`,
  list: () => allOf((query) => api.GET("/v1/capacity-profiles", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Places`],
  Cells: [({ row }) => row.default_limit],
  draftOf: (row) => ({
    name: row?.name ?? "",
    default_limit: row?.default_limit ?? 1,
    blocks: row?.blocks ?? false,
    reset: row?.reset ?? "immediate",
    timezone: row?.timezone ?? "UTC",
  }),
  Fields: ({ draft, change }) => {
    const { t } = useLingui();
    return (
      <>
        <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
        <NumberInput
          label={t`Places`}
          name="default_limit"
          value={draft.default_limit}
          onChange={(limit) => change({ default_limit: limit })}
          min={0}
          hint={t`How many conversations with this profile an agent can have, unless set for that agent.`}
        />
        <Toggle
          label={t`Whoever has one is offered nothing else`}
          name="blocks"
          value={draft.blocks}
          onChange={(blocks) => change({ blocks })}
        />
        <Choice
          label={t`A place is free again`}
          name="reset"
          value={draft.reset}
          onChange={(reset) => change({ reset: reset ?? "immediate" })}
          options={[
            { id: "immediate", label: t`at once` },
            { id: "end_of_day", label: t`at the end of the day` },
          ]}
        />
        {draft.reset === "end_of_day" && <TimeZone value={draft.timezone} onChange={(timezone) => change({ timezone })} />}
      </>
    );
  },
  save: async (row, draft, keyFor) => {
    const body = { ...draft, name: draft.name.trim(), default_limit: draft.default_limit ?? 0 };
    const saved =
      row === null
        ? api.POST("/v1/capacity-profiles", { params: { header: keyFor(body) }, body })
        : api.PATCH("/v1/capacity-profiles/{profile_id}", { params: { path: { profile_id: row.id } }, body });
    return (await bodyOf<Profile>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/capacity-profiles/{profile_id}", { params: { path: { profile_id: row.id } } }),
};

export const CapacityScreen = resourceScreen(profiles);
