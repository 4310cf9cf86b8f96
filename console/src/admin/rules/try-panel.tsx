import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { useState } from "react";
import { api, bodyOf as answerOf } from "../../api/client";
import { useAllPages } from "../health/pages";
import { Choice, TextInput } from "../kit/fields";
import { EditForm, useDraft } from "../kit/form";
import { useQueues } from "../kit/choices";
import type { Schemas, Workstream } from "../kit/types";
import { bodyOf, type RuleSetDraft } from "./draft";
import { localesOf } from "../../locales/locales-of";

type Tried = Schemas["DryRunView"];

const OUTCOMES: Record<Schemas["RuleOutcome"], { icon: string; kind: string; text: MessageDescriptor }> = {
  applied: { icon: "✓", kind: "ok", text: msg`applied` },
  matched: { icon: "✓", kind: "ok", text: msg`fits` },
  no_match: { icon: "×", kind: "none", text: msg`does not fit` },
  overflowing: { icon: "!", kind: "", text: msg`fits, but its queue overflows` },
  error: { icon: "!", kind: "bad", text: msg`cannot be judged` },
};

const REASONS: Record<Schemas["RouteReason"], MessageDescriptor> = {
  rule: msg`a rule fitted, and its queue does not overflow`,
  all_overflow: msg`rules fitted, but all their queues overflow`,
  no_rule_matched: msg`no rule fitted: the fallback queue`,
  rule_failed: msg`a rule could not be judged: the fallback queue`,
  unknown_queue: msg`the rule's queue is gone: the fallback queue`,
};

interface TryProps {
  workstream: Workstream;
  setId: string | null;
  draft: RuleSetDraft;
}

/** Tries the rules as they are on the screen with invented values: which fits, and why it goes where it goes. */
export function TryPanel({ workstream, setId, draft }: TryProps) {
  const { t } = useLingui();
  const pages = useAllPages();
  const [tried, setTried] = useState<Tried | null>(null);
  const [facts, change] = useDraft({ name: "", locale: "", referral: "", pageId: null as string | null, variable: "", value: "" });
  async function run() {
    const body = {
      conversation_id: "dry-run",
      ...(facts.name === "" ? {} : { customer_name: facts.name }),
      ...(facts.locale === "" ? {} : { locale: facts.locale }),
      ...(facts.referral === "" ? {} : { referral: facts.referral }),
      ...(facts.pageId === null ? {} : { page_id: facts.pageId }),
      context: facts.variable === "" ? {} : { [facts.variable]: variableValue(facts.value) },
      rule_sets: [{ ...bodyOf(draft), ...(setId === null ? {} : { id: setId }) }],
    };
    setTried(null);
    setTried(
      await answerOf(
        api.POST("/v1/workstreams/{workstream_id}/routing/dry-run", {
          params: { path: { workstream_id: workstream.id } },
          body: body as never,
        }),
      ),
    );
  }
  return (
    <section className="panel stack" aria-label={t`Try`}>
      <div>
        <h2>
          <Trans>Try</Trans>
        </h2>
        <p className="small">
          <Trans>The rules as they stand here, saved or not, judge an invented conversation. Nothing is changed.</Trans>
        </p>
      </div>
      <EditForm onSave={run} saveLabel={<Trans>Try it</Trans>}>
        <TextInput label={t`Customer's name`} name="customer_name" value={facts.name} onChange={(name) => change({ name })} />
        <div className="fields">
          <TextInput label={t`Customer's locale`} name="locale" value={facts.locale} onChange={(locale) => change({ locale })} hint="de_DE" />
          <TextInput
            label={t`Reference of the link or ad`}
            name="referral"
            value={facts.referral}
            onChange={(referral) => change({ referral })}
          />
          <TextInput label={t`Context variable`} name="context" value={facts.variable} onChange={(variable) => change({ variable })} />
          <TextInput label={t`Its value`} name="context_value" value={facts.value} onChange={(value) => change({ value })} />
        </div>
        <Choice
          label={t`Page`}
          name="page_id"
          value={facts.pageId}
          onChange={(pageId) => change({ pageId })}
          options={(pages.data ?? []).map((page) => ({ id: page.page_id, label: page.name }))}
          placeholder={t`none`}
        />
      </EditForm>
      <div role="status">{tried !== null && <Outcome tried={tried} />}</div>
    </section>
  );
}

/** A number where it is one: the API compares numbers as numbers. */
function variableValue(typed: string): string | number {
  return typed.trim() !== "" && Number.isFinite(Number(typed)) ? Number(typed) : typed;
}

function Outcome({ tried }: { tried: Tried }) {
  const { t, i18n } = useLingui();
  const queues = useQueues();
  const nameOf = (id: string) => queues.data?.find((each) => each.id === id)?.name ?? id;
  const locales = localesOf(i18n);
  return (
    <div className="stack">
      <ul className="entries">
        {tried.steps.map((step) => {
          const { icon, kind, text } = OUTCOMES[step.outcome];
          return (
            <li key={`${step.stage} ${step.rule_id}`} className="state">
              <span className={`icon ${kind}`} aria-hidden>
                {icon}
              </span>
              <div>
                <b dir="auto">{step.rule_name}</b>
                <div className="small">
                  {i18n._(text)}
                  {step.queue_id !== null && ` → ${nameOf(step.queue_id)}`}
                  {step.code !== null && ` (${step.code})`}
                </div>
              </div>
            </li>
          );
        })}
      </ul>
      <dl className="facts">
        <dt>{t`Queue`}</dt>
        <dd>
          <b dir="auto">{tried.ends ? t`none: it is closed` : tried.queue_name}</b>
          <div className="small">{i18n._(REASONS[tried.reason])}</div>
        </dd>
        {tried.overflow !== null && (
          <>
            <dt>{t`Overflow`}</dt>
            <dd>
              {tried.overflow.condition} → {tried.overflow.action}
            </dd>
          </>
        )}
        <dt>{t`Hours`}</dt>
        <dd>
          {tried.opens_at === null
            ? t`open`
            : t`closed until ${new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "short" }).format(new Date(tried.opens_at))}`}
        </dd>
        <dt>{t`Priority`}</dt>
        <dd>{tried.priority}</dd>
        {tried.skills.length > 0 && (
          <>
            <dt>{t`Skills that are asked for`}</dt>
            <dd>{tried.skills.map((skill) => `${skill.skill_id} ≥ ${skill.rating}`).join(", ")}</dd>
          </>
        )}
      </dl>
    </div>
  );
}
