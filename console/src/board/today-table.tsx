import { msg } from "@lingui/core/macro";
import type { MessageDescriptor } from "@lingui/core";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { components } from "../api/schema";
import { textOf } from "../api/problem-texts";
import { useSecond } from "../ui/use-second";
import { useToday } from "./use-board";

type Metrics = components["schemas"]["Metrics"];

interface Metric {
  name: MessageDescriptor;
  /** What it counts, as docs/reference/metrics.md defines it. */
  definition: MessageDescriptor;
  value: (metrics: Metrics) => string;
}

const seconds = (value: number | null) =>
  value === null ? "–" : `${Math.floor(value / 60)}:${String(Math.floor(value % 60)).padStart(2, "0")}`;
const share = (value: number | null) => (value === null ? "–" : `${Math.round(value * 100)} %`);

const METRICS: readonly Metric[] = [
  { name: msg`Incoming`, definition: msg`Conversations that a customer began today.`, value: (each) => String(each.incoming) },
  { name: msg`Engaged`, definition: msg`Of the incoming ones those that an agent has accepted.`, value: (each) => String(each.engaged) },
  {
    name: msg`Abandoned`,
    definition: msg`Of the incoming ones those that closed before any agent had accepted, later than the queue's short threshold.`,
    value: (each) => String(each.abandoned),
  },
  {
    name: msg`First wait`,
    definition: msg`From the beginning to the first acceptance, on average.`,
    value: (each) => seconds(each.average_first_wait_seconds),
  },
  {
    name: msg`First response`,
    definition: msg`From the beginning to the agent's first message that Meta accepted, within the hours, on average.`,
    value: (each) => seconds(each.average_first_response_seconds),
  },
  {
    name: msg`Handling`,
    definition: msg`From the acceptance to the session's end, wrap-up included, on average.`,
    value: (each) => seconds(each.average_handle_seconds),
  },
  {
    name: msg`Service level`,
    definition: msg`The share of accepted stays that waited no longer than the queue's service level, within its hours.`,
    value: (each) => share(each.service_level),
  },
];

/** Today by queue, from the report; what each column counts is behind `?`. */
export function TodayTable({ queueName }: { queueName: (id: string) => string }) {
  const { i18n, t } = useLingui();
  const [isDefined, setDefined] = useState(false);
  const timeZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = useSecond();
  const day = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(new Date(now));
  const { data, error, refetch } = useToday(day, timeZone);
  return (
    <section className="today">
      <header>
        <h2>
          <Trans>Today, {timeZone}</Trans>
        </h2>
        <Button className="button quiet" aria-label={t`What the columns count`} aria-expanded={isDefined} onPress={() => setDefined(!isDefined)}>
          ?
        </Button>
        <Button className="button quiet" onPress={() => void refetch()}>
          <Trans>Read anew</Trans>
        </Button>
      </header>
      {isDefined && (
        <dl>
          {METRICS.map((metric) => (
            <div key={metric.name.id}>
              <dt>{i18n._(metric.name)}</dt>
              <dd>{i18n._(metric.definition)}</dd>
            </div>
          ))}
        </dl>
      )}
      {error !== null && (
        <p className="problem" role="alert">
          {textOf(error)}
        </p>
      )}
      <div className="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">{t`Queue`}</th>
              {METRICS.map((metric) => (
                <th scope="col" key={metric.name.id}>
                  {i18n._(metric.name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(data?.items ?? []).map((line) => (
              <tr key={line.id}>
                <th scope="row" dir="auto">
                  {line.name ?? queueName(line.id)}
                </th>
                {METRICS.map((metric) => (
                  <td key={metric.name.id}>{metric.value(line.metrics)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data?.items.length === 0 && (
        <p className="empty-text">
          <Trans>Nothing has been counted today.</Trans>
        </p>
      )}
    </section>
  );
}
