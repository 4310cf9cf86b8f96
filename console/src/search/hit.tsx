import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { components } from "../api/schema";
import { clockTime } from "../ui/durations";
import { useSecond } from "../ui/use-second";
import { partsOf } from "./parts";
import { localesOf } from "../locales/locales-of";

type Schemas = components["schemas"];
type AnyHit = Schemas["MessageHit"] | Schemas["NoteHit"] | Schemas["CustomerHit"] | Schemas["ContactHit"];

const KINDS = {
  message: msg`Message`,
  note: msg`Note`,
  customer: msg`Customer`,
  contact: msg`Contact`,
} as const satisfies Record<Schemas["HitKind"], unknown>;

/** Something that was found: what it is, whose, and the words around. It opens the conversation, at the message. */
export function Hit({ hit }: { hit: AnyHit }) {
  const { i18n } = useLingui();
  const now = useSecond();
  const name = hit.kind === "contact" ? hit.name : (hit.customer.name ?? hit.customer.psid);
  return (
    <Opens hit={hit}>
      <span className="hit-top">
        <b dir="auto">{name}</b>
        <span className="small">
          {i18n._(KINDS[hit.kind])} · {clockTime(hit.at, now, localesOf(i18n))}
        </span>
      </span>
      {hit.snippets.map(({ field, text, matches }) => (
        <span key={field} className="snippet" dir="auto">
          {partsOf(text, matches).map((part, place) =>
            // oxlint-disable-next-line react/no-array-index-key -- parts of one text have no other name
            part.isMatch ? <mark key={place}>{part.text}</mark> : <span key={place}>{part.text}</span>,
          )}
        </span>
      ))}
    </Opens>
  );
}

function Opens({ hit, children }: { hit: AnyHit; children: ReactNode }) {
  const { conversation_id: conversationId } = hit;
  if (conversationId === null) {
    return (
      <div className="hit">
        {children}
        <span className="small">
          <Trans>No conversation yet</Trans>
        </span>
      </div>
    );
  }
  return (
    <Link
      className="hit"
      to="/inbox/$list/$conversationId"
      params={{ list: "mine", conversationId }}
      {...(hit.kind === "message" ? { hash: `message-${hit.id}` } : {})}
    >
      {children}
    </Link>
  );
}
