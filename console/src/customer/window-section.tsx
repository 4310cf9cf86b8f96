import { Trans, useLingui } from "@lingui/react/macro";
import { msg } from "@lingui/core/macro";
import type { ReactNode } from "react";
import type { Conversation } from "../api/types";
import { WindowBadge } from "../ui/window-badge";
import { Section } from "./section";

type OpeningKind = NonNullable<Conversation["window"]["opened_by"]>;

/** What opened the window. */
export const OPENINGS = {
  message: msg`Opened by a message`,
  quick_reply: msg`Opened by a quick reply`,
  postback: msg`Opened by a button`,
  m_me_link: msg`Opened by an m.me link`,
  reaction: msg`Opened by a reaction`,
  opt_in: msg`Opened by an opt-in`,
  ad_message: msg`Opened by an ad`,
} as const satisfies Record<OpeningKind, unknown>;

const INSTANT: Intl.DateTimeFormatOptions = {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
};

/** What opened the window and since when, and until when one may answer, in the viewer's zone, which is named. */
export function WindowSection({ row }: { row: Conversation }) {
  const { i18n } = useLingui();
  const { opened_by: openedBy, opened_at: openedAt, standard_until: standard, human_agent_until: human } = row.window;
  return (
    <Section title={<Trans>Window</Trans>}>
      <div className="card">
        <WindowBadge row={row} />
        {openedBy === null || openedAt === null ? (
          <p>
            <Trans>The customer has not written yet.</Trans>
          </p>
        ) : (
          <dl className="facts">
            <Deadline name={i18n._(OPENINGS[openedBy] ?? openedBy)} at={openedAt} />
            {standard !== null && <Deadline name={<Trans>Normal replies until</Trans>} at={standard} />}
            {human !== null && <Deadline name={<Trans>As human agent until</Trans>} at={human} />}
          </dl>
        )}
      </div>
    </Section>
  );
}

function Deadline({ name, at }: { name: ReactNode; at: string }) {
  const { i18n } = useLingui();
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <time dateTime={at}>{i18n.date(at, INSTANT)}</time>
      </dd>
    </div>
  );
}
