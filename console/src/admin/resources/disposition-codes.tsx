import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { allOf } from "../kit/data";
import { Choice, TextInput, Toggle } from "../kit/fields";
import { named, useWorkstreams } from "../kit/choices";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";

type Code = Schemas["DispositionCodeView"];
interface Draft {
  name: string;
  active: boolean;
  workstream_id: string | null;
}
const ALL = "all";

function OfWorkstream({ row }: { row: Code }) {
  const { t } = useLingui();
  const workstreams = useWorkstreams();
  return row.workstream_id === null
    ? t`all workstreams`
    : (workstreams.data?.find((each) => each.id === row.workstream_id)?.name ?? row.workstream_id);
}

function State({ row }: { row: Code }) {
  const { t } = useLingui();
  return row.active ? t`on` : t`off`;
}

const codes: Resource<Code, Draft> = {
  path: "dispositions",
  kind: "disposition_code",
  title: msg`Disposition codes`,
  newLabel: msg`New disposition code`,
  empty: msg`No disposition code yet. With them agents say at the end what a conversation was about.`,
  list: () => allOf((query) => api.GET("/v1/disposition-codes", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Of`, msg`State`],
  Cells: [OfWorkstream, State],
  draftOf: (row) => ({ name: row?.name ?? "", active: row?.active ?? true, workstream_id: row?.workstream_id ?? null }),
  Fields: ({ draft, change, row }) => {
    const { t } = useLingui();
    const workstreams = useWorkstreams();
    return (
      <>
        <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
        <Choice
          label={t`Of`}
          name="workstream_id"
          value={draft.workstream_id ?? ALL}
          onChange={(id) => change({ workstream_id: id === ALL ? null : id })}
          options={[{ id: ALL, label: t`all workstreams` }, ...named(workstreams.data)]}
          isDisabled={row !== null}
        />
        <Toggle label={t`In use`} name="active" value={draft.active} onChange={(active) => change({ active })} />
      </>
    );
  },
  save: async (row, { workstream_id, ...draft }, keyFor) => {
    const body = { ...draft, name: draft.name.trim(), ...(row === null ? { workstream_id } : {}) };
    const saved =
      row === null
        ? api.POST("/v1/disposition-codes", { params: { header: keyFor(body) }, body })
        : api.PATCH("/v1/disposition-codes/{code_id}", { params: { path: { code_id: row.id } }, body });
    return (await bodyOf<Code>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/disposition-codes/{code_id}", { params: { path: { code_id: row.id } } }),
};

export const DispositionsScreen = resourceScreen(codes);
