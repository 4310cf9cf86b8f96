import { msg } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { TextInput } from "../kit/fields";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";

type Field = Schemas["ContactFieldView"];

const contactFields: Resource<Field, { name: string; title: string }> = {
  path: "contact-fields",
  kind: "contact_field",
  title: msg`Contact fields`,
  newLabel: msg`New contact field`,
  empty: msg`No field of your own yet. Name, email, telephone and number are always there.`,
  list: async () => (await bodyOf(api.GET("/v1/contact-fields"))).items,
  idOf: (row) => row.name,
  nameOf: (row) => row.title,
  columns: [msg`Name for programs`],
  Cells: [({ row }) => row.name],
  draftOf: (row) => ({ name: row?.name ?? "", title: row?.title ?? "" }),
  Fields: ({ draft, change, row }) => {
    const { t } = useLingui();
    return (
      <>
        <TextInput label={t`Title`} name="title" value={draft.title} onChange={(title) => change({ title })} isRequired />
        <TextInput
          label={t`Name for programs`}
          name="field_name"
          value={draft.name}
          onChange={(name) => change({ name })}
          isRequired
          isDisabled={row !== null}
          hint={t`Letters, digits and underscores. Rules use it as contact.Name; it never changes.`}
        />
      </>
    );
  },
  save: async (_row, draft) => {
    const saved = api.PUT("/v1/contact-fields/{field_name}", {
      params: { path: { field_name: draft.name.trim() } },
      body: { title: draft.title.trim() },
    });
    return (await bodyOf(saved)).name;
  },
  remove: (row) => api.DELETE("/v1/contact-fields/{field_name}", { params: { path: { field_name: row.name } } }),
};

export const ContactFieldsScreen = resourceScreen(contactFields);
