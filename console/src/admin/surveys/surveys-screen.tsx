import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, bodyOf } from "../../api/client";
import { useAllPages } from "../health/pages";
import { useChanged, useRead } from "../kit/data";
import { Choice } from "../kit/fields";
import { Loaded, Screen, Table, Tabs } from "../kit/screen";
import { SettingsForm } from "../kit/settings-form";
import type { FacebookPage, Schemas } from "../kit/types";
import { OUTCOMES, QUESTIONS } from "./names";
import { SurveyFields } from "./survey-fields";

const ALL = "all";
/** A mean of fewer answers says little. */
const FEW_ANSWERS = 5;

/** Survey results, and each page's survey. */
export function SurveysScreen({ path: [tab = "", pageId] }: { path: string[] }) {
  const { t } = useLingui();
  return (
    <Screen title={t`Surveys`}>
      <Tabs
        label={t`Surveys`}
        base="surveys"
        current={tab}
        tabs={[
          ["", t`Results`],
          ["settings", t`Settings of pages`],
        ]}
      />
      {tab === "settings" ? <Settings first={pageId ?? null} /> : <Results />}
    </Screen>
  );
}

function PageFilter({ value, onChange, all }: { value: string; onChange: (id: string) => void; all: boolean }) {
  const { t } = useLingui();
  const pages = useAllPages();
  return (
    <div className="row-form">
      <Choice
        label={t`Page`}
        name="page_id"
        value={value}
        onChange={(id) => onChange(id ?? ALL)}
        options={[
          ...(all ? [{ id: ALL, label: t`All pages` }] : []),
          ...(pages.data ?? []).map((page) => ({ id: page.page_id, label: page.name })),
        ]}
      />
    </div>
  );
}

function Results() {
  const [pageId, setPageId] = useState(ALL);
  const query = pageId === ALL ? {} : { page_id: pageId };
  const summary = useRead(["survey", "summary", pageId], () => bodyOf(api.GET("/v1/surveys/summary", { params: { query } })));
  return (
    <div className="stack">
      <PageFilter value={pageId} onChange={setPageId} all />
      <Loaded from={summary}>{(found) => <Summary summary={found} />}</Loaded>
      <Comments pageId={pageId} />
    </div>
  );
}

function Summary({ summary }: { summary: Schemas["SurveySummary"] }) {
  const { t, i18n } = useLingui();
  const percent = (share: number) => i18n.number(share, { style: "percent", maximumFractionDigits: 0 });
  return (
    <>
      <section className="panel">
        <div className="figures">
          <div>
            <b>{summary.response_rate === null ? "–" : percent(summary.response_rate)}</b>
            <Trans>response rate</Trans>
          </div>
          <div>
            <b>{summary.answered}</b>
            <Trans>answered of {summary.invited}</Trans>
          </div>
          <div>
            <b>{summary.late}</b>
            <Trans>answered late</Trans>
          </div>
        </div>
        <dl className="facts">
          {Object.entries(summary.outcomes).map(([status, count]) => [
            <dt key={status}>{OUTCOMES[status as keyof typeof OUTCOMES] === undefined ? status : i18n._(OUTCOMES[status as keyof typeof OUTCOMES])}</dt>,
            <dd key={`${status}-count`}>{count}</dd>,
          ])}
        </dl>
      </section>
      {summary.questions.map((question) => (
        <section key={question.question} className="panel">
          <h2>{i18n._(QUESTIONS[question.question])}</h2>
          <div className={question.answered < FEW_ANSWERS ? "figures greyed" : "figures"}>
            <div>
              <b>{question.answered}</b>
              <Trans>answers</Trans>
            </div>
            {question.average !== null && (
              <div>
                <b>{i18n.number(question.average, { maximumFractionDigits: 2 })}</b>
                <Trans>mean</Trans>
              </div>
            )}
            {question.nps !== null && (
              <div>
                <b>{i18n.number(question.nps, { maximumFractionDigits: 0 })}</b>
                NPS
              </div>
            )}
          </div>
          {question.answered < FEW_ANSWERS && (
            <p className="small">
              <Trans>Fewer than {FEW_ANSWERS} answers: the mean says little.</Trans>
            </p>
          )}
          <Distribution distribution={question.distribution as Record<string, number>} label={t`Distribution`} />
        </section>
      ))}
    </>
  );
}

function Distribution({ distribution, label }: { distribution: Record<string, number>; label: string }) {
  const rows = Object.entries(distribution).toSorted(([one], [other]) => Number(one) - Number(other));
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return (
    <div className="bars" role="group" aria-label={label}>
      {rows.map(([score, count]) => [
        <span key={score}>{score}</span>,
        <progress key={`${score}-bar`} value={count} max={most} aria-label={score} />,
        <span key={`${score}-count`}>{count}</span>,
      ])}
    </div>
  );
}

/** What customers wrote, each with its conversation. */
function Comments({ pageId }: { pageId: string }) {
  const { t, i18n } = useLingui();
  const query = { status: "answered", limit: 100, ...(pageId === ALL ? {} : { page_id: pageId }) } as never;
  const surveys = useRead(["survey", "answered", pageId], () => bodyOf(api.GET("/v1/surveys", { params: { query } })));
  return (
    <section>
      <h2 className="section-title">
        <Trans>Comments</Trans>
      </h2>
      <Loaded from={surveys}>
        {(found) => (
          <Table
            label={t`Comments`}
            rows={found.items.flatMap((survey) =>
              survey.answers.filter((answer) => (answer.text ?? "") !== "").map((answer) => ({ survey, answer })),
            )}
            keyOf={({ survey, answer }) => `${survey.id} ${answer.at}`}
            empty={<Trans>No comment yet.</Trans>}
            columns={[t`When`, t`Score`, t`Comment`, ""]}
            cells={({ survey, answer }) => [
              i18n.date(new Date(answer.at), { dateStyle: "medium", timeStyle: "short" }),
              answer.score ?? survey.answers.find((each) => each.score !== null)?.score ?? "–",
              answer.text,
              <Link
                key="open"
                to="/inbox/$list/$conversationId"
                params={{ list: "done", conversationId: survey.conversation_id }}
              >
                <Trans>Open the conversation</Trans>
              </Link>,
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

function Settings({ first }: { first: string | null }) {
  const pages = useAllPages();
  const [chosen, setChosen] = useState<string | null>(first);
  return (
    <Loaded from={pages}>
      {(listed) => {
        const page = listed.find((each) => each.page_id === chosen) ?? listed[0];
        return page === undefined ? (
          <p className="panel empty-text">
            <Trans>There is no page yet.</Trans>
          </p>
        ) : (
          <div className="stack">
            <PageFilter value={page.page_id} onChange={setChosen} all={false} />
            <PageSurvey key={page.page_id} page={page} />
          </div>
        );
      }}
    </Loaded>
  );
}

function PageSurvey({ page }: { page: FacebookPage }) {
  const survey = useRead(["page", page.page_id, "survey"], () =>
    bodyOf(api.GET("/v1/pages/{page_id}/survey", { params: { path: { page_id: page.page_id } } })),
  );
  return <Loaded from={survey}>{(found) => <SurveyForm page={page} given={found} />}</Loaded>;
}

function SurveyForm({ page, given }: { page: FacebookPage; given: Schemas["PageSurvey"] }) {
  const changed = useChanged();
  async function save(body: Schemas["PageSurvey"]) {
    await api.PUT("/v1/pages/{page_id}/survey", { params: { path: { page_id: page.page_id } }, body });
    await changed("page");
  }
  return (
    <div className="panel">
      <SettingsForm settings={given} save={save}>
        {(survey, change) => <SurveyFields survey={survey} change={change} />}
      </SettingsForm>
    </div>
  );
}
