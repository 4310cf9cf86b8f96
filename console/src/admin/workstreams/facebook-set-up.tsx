import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { PageState } from "../accounts/page-state";
import { Steps } from "../accounts/steps";
import { useAllPages } from "../health/pages";
import { useChanged, useRead } from "../kit/data";
import { Choice, Radios, Toggle } from "../kit/fields";
import { EditForm, useKeptDraft } from "../kit/form";
import { LANGUAGE_TAGS, languageName } from "../kit/choices";
import { AdminLink, Loaded, useGo } from "../kit/screen";
import type { FacebookPage, Schemas, Workstream } from "../kit/types";
import { AutomatedEditor, type AutomatedText, ownOf } from "../messages/automated-editor";
import { TRIGGERS, type Trigger } from "../messages/triggers";
import { NO_SURVEY } from "../surveys/names";
import { SurveyFields } from "../surveys/survey-fields";

const STEPS = ["page", "language", "behaviours", "features", "summary"] as const;
type SetUpStep = (typeof STEPS)[number];

interface Draft {
  pageId: string | null;
  language: string;
  messages: Partial<Record<Trigger, AutomatedText>>;
  survey: Schemas["PageSurvey"];
  forCustomers: boolean;
  forAgents: boolean;
  tag: boolean;
}

const NEW: Draft = {
  pageId: null,
  language: "en",
  messages: {},
  survey: NO_SURVEY,
  forCustomers: false,
  forAgents: false,
  tag: false,
};

/** "Set up Facebook": a page joins a workstream. What was chosen is kept in this browser until Create. */
export function FacebookSetUp({ workstream, step }: { workstream: Workstream; step: string | undefined }) {
  const { t, i18n } = useLingui();
  const go = useGo();
  const changed = useChanged();
  const pages = useAllPages();
  const [draft, change, forget] = useKeptDraft<Draft>(`channel-${workstream.id}`, NEW);
  const wanted = STEPS.find((each) => each === step) ?? "page";
  const current = draft.pageId === null ? "page" : wanted;
  const show = (next: SetUpStep) => go(`workstreams/${workstream.id}/facebook/${next}`);
  const page = pages.data?.find((each) => each.page_id === draft.pageId);

  /** A page brings along how it is set up now. */
  async function choose(pageId: string) {
    const chosen = pages.data?.find((each) => each.page_id === pageId);
    const survey = await bodyOf(api.GET("/v1/pages/{page_id}/survey", { params: { path: { page_id: pageId } } }));
    change({
      pageId,
      survey,
      messages: {},
      language: chosen?.language ?? "en",
      forCustomers: chosen?.attachments_for_customers ?? false,
      forAgents: chosen?.attachments_for_agents ?? false,
      tag: chosen?.human_agent_tag ?? false,
    });
  }

  async function create() {
    const path = { page_id: draft.pageId ?? "" };
    for (const [trigger, text] of Object.entries(draft.messages)) {
      await api.PUT("/v1/pages/{page_id}/automated-messages/{trigger}", {
        params: { path: { ...path, trigger: trigger as Trigger } },
        body: text,
      });
    }
    await api.PUT("/v1/pages/{page_id}/survey", { params: { path }, body: draft.survey });
    await api.PATCH("/v1/pages/{page_id}", {
      params: { path },
      body: {
        workstream_id: workstream.id,
        language: draft.language,
        attachments_for_customers: draft.forCustomers,
        attachments_for_agents: draft.forAgents,
        human_agent_tag: draft.tag,
      },
    });
    await changed("page", "workstream", "automated_message");
    forget();
    go(`workstreams/${workstream.id}/rules`);
  }

  const position = STEPS.indexOf(current);
  const titles: Record<SetUpStep, [string, string]> = {
    page: [t`Page`, page?.name ?? t`choose one`],
    language: [t`Language`, languageName(draft.language, i18n.locale)],
    behaviours: [t`Behaviours`, t`messages, survey`],
    features: [t`User features`, t`files, message tag`],
    summary: [t`Summary`, t`check, create`],
  };
  const next = STEPS[position + 1];
  const former = STEPS[position - 1];
  const form = (children: ReactNode) => (
    <div className="panel">
      <EditForm
        key={current}
        onSave={next === undefined ? create : () => Promise.resolve(show(next))}
        saveLabel={next === undefined ? <Trans>Create</Trans> : <Trans>Next</Trans>}
        isDisabled={draft.pageId === null}
        buttons={
          former !== undefined && (
            <>
              <Button className="button" onPress={() => show(former)}>
                <Trans>Back</Trans>
              </Button>
              <span className="grow" />
            </>
          )
        }
      >
        {children}
      </EditForm>
    </div>
  );
  return (
    <>
      <Steps
        label={t`Steps`}
        current={current}
        steps={STEPS.map((id, index) => ({
          id,
          title: titles[id][0],
          hint: titles[id][1],
          isDone: index < position,
          to: draft.pageId === null ? null : `workstreams/${workstream.id}/facebook/${id}`,
        }))}
      />
      {current === "page" &&
        form(
          <Loaded from={pages}>
            {(listed) => (
              <PageChoice
                pages={listed}
                value={draft.pageId}
                onChange={(pageId) => void choose(pageId)}
                workstream={workstream}
              />
            )}
          </Loaded>,
        )}
      {current === "language" &&
        form(<LanguageChoice value={draft.language} onChange={(language) => change({ language })} />)}
      {current === "behaviours" && page !== undefined && (
        <div className="stack">
          <PageMessages
            page={page}
            language={draft.language}
            messages={draft.messages}
            onChange={(messages) => change({ messages })}
          />
          {form(
            <fieldset>
              <legend>
                <Trans>Post-conversation survey</Trans>
              </legend>
              <SurveyFields
                survey={draft.survey}
                change={(changes) => change({ survey: { ...draft.survey, ...changes } })}
              />
            </fieldset>,
          )}
        </div>
      )}
      {current === "features" &&
        form(
          <>
            <Toggle
              label={t`Files from customers`}
              name="attachments_for_customers"
              value={draft.forCustomers}
              onChange={(forCustomers) => change({ forCustomers })}
              hint={t`While it is off, customers are told that their file was not received.`}
            />
            <Toggle
              label={t`Files from agents`}
              name="attachments_for_agents"
              value={draft.forAgents}
              onChange={(forAgents) => change({ forAgents })}
            />
            <Toggle
              label={t`Facebook message tag`}
              name="human_agent_tag"
              value={draft.tag}
              onChange={(tag) => change({ tag })}
              hint={t`Agents may answer for 7 days instead of 24 hours. It works from the next session on: close and reopen. Switch it on in the Facebook app too.`}
            />
          </>,
        )}
      {current === "summary" && page !== undefined && form(<Summary draft={draft} page={page} workstream={workstream} />)}
    </>
  );
}

interface PageChoiceProps {
  pages: FacebookPage[];
  value: string | null;
  onChange: (pageId: string) => void;
  workstream: Workstream;
}

function PageChoice({ pages, value, onChange, workstream }: PageChoiceProps) {
  const { t } = useLingui();
  if (pages.length === 0) {
    return (
      <p>
        <Trans>There is no page yet.</Trans>{" "}
        <AdminLink to="accounts/new">
          <Trans>Connect a Facebook page</Trans>
        </AdminLink>
      </p>
    );
  }
  const chosen = pages.find((page) => page.page_id === value);
  return (
    <>
      <Radios
        label={t`Facebook page`}
        name="page_id"
        value={value}
        onChange={(pageId) => pageId !== null && onChange(pageId)}
        options={pages.map((page) => ({ id: page.page_id, label: page.name, hint: page.page_id }))}
      />
      {chosen !== undefined && (
        <div className="stack">
          <span>
            <PageState page={chosen} />
          </span>
          {chosen.workstream_id !== workstream.id && (
            <div className="notice warn">
              <Trans>This page belongs to another workstream now. With Create its new conversations come to this one.</Trans>
            </div>
          )}
        </div>
      )}
    </>
  );
}

function LanguageChoice({ value, onChange }: { value: string; onChange: (language: string) => void }) {
  const { t, i18n } = useLingui();
  const offered = LANGUAGE_TAGS.includes(value) ? LANGUAGE_TAGS : [value, ...LANGUAGE_TAGS];
  return (
    <Choice
      label={t`Language`}
      name="language"
      value={value}
      onChange={(language) => onChange(language ?? "en")}
      options={offered.map((id) => ({ id, label: languageName(id, i18n.locale) }))}
      hint={t`Of automated messages and surveys, where the customer's own language is not known. There are stock texts in English, German and Spanish; for other languages write your own.`}
    />
  );
}

interface PageMessagesProps {
  page: FacebookPage;
  language: string;
  messages: Draft["messages"];
  onChange: (messages: Draft["messages"]) => void;
}

/** The messages that most pages want to have their own way; all others are under Automated messages. */
const FIRST: Trigger[] = ["greeting", "privacy_notice", "out_of_hours", "agent_joined", "agent_ended"];

function PageMessages({ page, language, messages, onChange }: PageMessagesProps) {
  const { t, i18n } = useLingui();
  const query = { page_id: page.page_id };
  const rows = useRead(["automated_message", page.page_id], () =>
    bodyOf(api.GET("/v1/automated-messages", { params: { query } })),
  );
  const [open, setOpen] = useState<Trigger | null>(null);
  return (
    <section className="panel stack">
      <div>
        <h2>
          <Trans>Automated messages</Trans>
        </h2>
        <p className="small">
          <Trans>Sent by themselves, never against Meta's window. The others are under Automated messages.</Trans>
        </p>
      </div>
      <Loaded from={rows}>
        {(listed) => (
          <ul className="entries">
            {FIRST.map((trigger) => {
              const row = listed.items.find((each) => each.trigger === trigger);
              const own = messages[trigger];
              const isActive = own?.active ?? row?.active ?? false;
              return (
                <li key={trigger}>
                  <div className="secret">
                    <b>{i18n._(TRIGGERS[trigger].name)}</b>
                    <span className={isActive ? "badge ok" : "badge outline"}>{isActive ? t`on` : t`off`}</span>
                    {own !== undefined && <span className="small">{t`changed here`}</span>}
                    <span className="grow" />
                    <Button
                      className="button"
                      aria-expanded={open === trigger}
                      onPress={() => setOpen(open === trigger ? null : trigger)}
                    >
                      <Trans>Change</Trans>
                    </Button>
                  </div>
                  {open === trigger && row !== undefined && (
                    <AutomatedEditor
                      value={own ?? ownOf(row, "page")}
                      otherwise={row.texts}
                      language={language}
                      saveLabel={t`Take over`}
                      onSave={(text) => {
                        onChange({ ...messages, [trigger]: text });
                        setOpen(null);
                        return Promise.resolve();
                      }}
                    />
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
    </section>
  );
}

function Summary({ draft, page, workstream }: { draft: Draft; page: FacebookPage; workstream: Workstream }) {
  const { t, i18n } = useLingui();
  const onOff = (isOn: boolean) => (isOn ? t`on` : t`off`);
  const own = Object.keys(draft.messages) as Trigger[];
  const facts: [string, string][] = [
    [t`Workstream`, workstream.name],
    [t`Page`, page.name],
    [t`Language`, languageName(draft.language, i18n.locale)],
    [
      t`Automated messages`,
      own.length === 0 ? t`as they are` : own.map((trigger) => i18n._(TRIGGERS[trigger].name)).join(", "),
    ],
    [t`Post-conversation survey`, onOff(draft.survey.active)],
    [t`Files from customers`, onOff(draft.forCustomers)],
    [t`Files from agents`, onOff(draft.forAgents)],
    [t`Facebook message tag`, onOff(draft.tag)],
  ];
  return <Facts facts={facts} />;
}

/** Names and values, as a list. */
function Facts({ facts }: { facts: [string, string][] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => [
        <dt key={name}>{name}</dt>,
        <dd key={`${name}-value`} dir="auto">
          {value}
        </dd>,
      ])}
    </dl>
  );
}
