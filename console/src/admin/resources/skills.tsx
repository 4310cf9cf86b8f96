import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { allOf } from "../kit/data";
import { NumberInput, TextInput } from "../kit/fields";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";

type Skill = Schemas["SkillView"];
interface Draft {
  name: string;
  description: string;
  max_rating: number | null;
}

const skills: Resource<Skill, Draft> = {
  path: "skills",
  kind: "skill",
  title: msg`Skills`,
  newLabel: msg`New skill`,
  empty: msg`No skill yet. Classification rules ask for skills, and agents have them.`,
  list: () => allOf((query) => api.GET("/v1/skills", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Best rating`, msg`Description`],
  Cells: [({ row }) => row.max_rating, ({ row }) => row.description],
  draftOf: (row) => ({ name: row?.name ?? "", description: row?.description ?? "", max_rating: row?.max_rating ?? 10 }),
  Fields: ({ draft, change }) => {
    const { t } = useLingui();
    return (
      <>
        <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
        <TextInput
          label={t`Description`}
          name="description"
          value={draft.description}
          onChange={(description) => change({ description })}
          isLong
        />
        <NumberInput
          label={t`Best rating`}
          name="max_rating"
          value={draft.max_rating}
          onChange={(best) => change({ max_rating: best })}
          min={1}
          max={100}
        />
      </>
    );
  },
  save: async (row, draft, keyFor) => {
    const body = { ...draft, name: draft.name.trim(), max_rating: draft.max_rating ?? 10 };
    const saved =
      row === null
        ? api.POST("/v1/skills", { params: { header: keyFor(body) }, body })
        : api.PATCH("/v1/skills/{skill_id}", { params: { path: { skill_id: row.id } }, body });
    return (await bodyOf<Skill>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/skills/{skill_id}", { params: { path: { skill_id: row.id } } }),
};

export const SkillsScreen = resourceScreen(skills);
