import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { allOf } from "../kit/data";
import { Checks, TextInput } from "../kit/fields";
import { named, useWorkstreams } from "../kit/choices";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";
import { LanguageTexts } from "../messages/automated-editor";

type QuickReply = Schemas["QuickReplyView"];
interface Draft {
  slug: string;
  title: string;
  texts: Record<string, string>;
  tags: string;
  workstream_ids: string[];
}

const quickReplies: Resource<QuickReply, Draft> = {
  path: "quick-replies",
  kind: "quick_reply",
  title: msg`Quick replies`,
  newLabel: msg`New quick reply`,
  empty: msg`No shared quick reply yet. Agents insert them with / and their short name.`,
  list: () => allOf((query) => api.GET("/v1/quick-replies", { params: { query: { ...query, owner: "shared" } } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.title,
  columns: [msg`Short name`, msg`Languages`, msg`Tags`],
  Cells: [({ row }) => `/${row.slug}`, ({ row }) => Object.keys(row.texts).join(", "), ({ row }) => row.tags.join(", ")],
  draftOf: (row) => ({
    slug: row?.slug ?? "",
    title: row?.title ?? "",
    texts: row?.texts ?? { en: "" },
    tags: (row?.tags ?? []).join(", "),
    workstream_ids: row?.workstream_ids ?? [],
  }),
  Fields: ({ draft, change }) => {
    const { t } = useLingui();
    const workstreams = useWorkstreams();
    return (
      <>
        <TextInput label={t`Title`} name="title" value={draft.title} onChange={(title) => change({ title })} isRequired />
        <TextInput
          label={t`Short name`}
          name="slug"
          value={draft.slug}
          onChange={(slug) => change({ slug })}
          isRequired
          hint={t`Small letters, digits and hyphens.`}
        />
        <LanguageTexts texts={draft.texts} onChange={(texts) => change({ texts })} first="en" />
        <TextInput
          label={t`Tags`}
          name="tags"
          value={draft.tags}
          onChange={(tags) => change({ tags })}
          hint={t`With commas between`}
        />
        <Checks
          label={t`Workstreams`}
          name="workstream_ids"
          value={draft.workstream_ids}
          onChange={(ids) => change({ workstream_ids: ids })}
          options={named(workstreams.data)}
          hint={<Trans>None chosen: for all.</Trans>}
        />
      </>
    );
  },
  save: async (row, draft, keyFor) => {
    const texts = Object.fromEntries(Object.entries(draft.texts).filter(([, text]) => text.trim() !== ""));
    const fallback = row?.fallback_language ?? null;
    const body = {
      slug: draft.slug.trim(),
      title: draft.title.trim(),
      texts,
      fallback_language: fallback !== null && fallback in texts ? fallback : (Object.keys(texts)[0] ?? null),
      tags: draft.tags
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ""),
      workstream_ids: draft.workstream_ids,
    };
    const saved =
      row === null
        ? api.POST("/v1/quick-replies", { params: { header: keyFor(body) }, body: { ...body, personal: false } })
        : api.PUT("/v1/quick-replies/{quick_reply_id}", { params: { path: { quick_reply_id: row.id } }, body });
    return (await bodyOf<QuickReply>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/quick-replies/{quick_reply_id}", { params: { path: { quick_reply_id: row.id } } }),
};

export const QuickRepliesScreen = resourceScreen(quickReplies);
