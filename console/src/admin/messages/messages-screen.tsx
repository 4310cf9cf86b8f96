import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { useAllPages } from "../health/pages";
import { useChanged, useRead } from "../kit/data";
import { Choice } from "../kit/fields";
import { ConfirmButton } from "../kit/form";
import { Loaded, Screen } from "../kit/screen";
import type { Schemas } from "../kit/types";
import { AutomatedEditor, type AutomatedText, ownOf } from "./automated-editor";
import { TRIGGERS, type Trigger } from "./triggers";

const CHANNEL = "channel";
type Row = Schemas["AutomatedMessageView"];

/** All automated messages, as they are for all pages or for one. */
export function MessagesScreen() {
  const { t } = useLingui();
  const pages = useAllPages();
  const [level, setLevel] = useState<string>(CHANNEL);
  const pageId = level === CHANNEL ? null : level;
  const query = pageId === null ? {} : { page_id: pageId };
  const rows = useRead(["automated_message", level], () => bodyOf(api.GET("/v1/automated-messages", { params: { query } })));
  const page = pages.data?.find((each) => each.page_id === pageId);
  return (
    <Screen title={t`Automated messages`}>
      <div className="stack">
        <div className="row-form">
          <Choice
            label={t`For`}
            name="level"
            value={level}
            onChange={(key) => setLevel(key ?? CHANNEL)}
            options={[
              { id: CHANNEL, label: t`All pages` },
              ...(pages.data ?? []).map((each) => ({ id: each.page_id, label: each.name })),
            ]}
          />
        </div>
        <div className="panel">
          <Loaded from={rows}>
            {(listed) => (
              <ul className="entries">
                {listed.items.map((row) => (
                  <Message key={`${level} ${row.trigger}`} row={row} pageId={pageId} language={page?.language ?? "en"} />
                ))}
              </ul>
            )}
          </Loaded>
        </div>
      </div>
    </Screen>
  );
}

function Message({ row, pageId, language }: { row: Row; pageId: string | null; language: string }) {
  const { t, i18n } = useLingui();
  const changed = useChanged();
  const [isOpen, setOpen] = useState(false);
  const { name, when } = TRIGGERS[row.trigger];
  const trigger: Trigger = row.trigger;
  const level = pageId === null ? "channel" : "page";
  const isOwn = row.level === level || row.texts_level === level;

  async function save(body: AutomatedText) {
    await (pageId === null
      ? api.PUT("/v1/automated-messages/{trigger}", { params: { path: { trigger } }, body })
      : api.PUT("/v1/pages/{page_id}/automated-messages/{trigger}", { params: { path: { page_id: pageId, trigger } }, body }));
    await changed("automated_message");
    setOpen(false);
  }
  async function reset() {
    await (pageId === null
      ? api.DELETE("/v1/automated-messages/{trigger}", { params: { path: { trigger } } })
      : api.DELETE("/v1/pages/{page_id}/automated-messages/{trigger}", { params: { path: { page_id: pageId, trigger } } }));
    await changed("automated_message");
    setOpen(false);
  }
  return (
    <li>
      <div className="secret">
        <div>
          <b>{i18n._(name)}</b>
          <div className="small">{i18n._(when)}</div>
        </div>
        <span className="grow" />
        <span className={row.active ? "badge ok" : "badge outline"}>{row.active ? t`on` : t`off`}</span>
        <Button className="button" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
          <span className="visually-hidden">{i18n._(name)}: </span>
          <Trans>Change</Trans>
        </Button>
      </div>
      {isOpen && (
        <>
          <AutomatedEditor value={ownOf(row, level)} otherwise={row.texts} language={language} onSave={save} />
          {isOwn && (
            <ConfirmButton label={t`Back to the level below`} title={t`Forget what is set here?`} onConfirm={reset}>
              <Trans>A page then has what holds for all pages, and all pages have the default.</Trans>
            </ConfirmButton>
          )}
        </>
      )}
    </li>
  );
}
