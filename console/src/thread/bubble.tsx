import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { Message } from "../api/types";
import { currentSecond } from "../live/clock";
import { clockTime } from "../ui/durations";
import { Attachments } from "./attachments";
import { Delivery } from "./delivery";
import { Sender } from "./sender";

const LATE_MILLISECONDS = 60_000;

/** One message, in either direction. Customers' words are text nodes, always. */
export function Bubble({ message, continues }: { message: Message; continues: boolean }) {
  const { i18n, t } = useLingui();
  const isTheirs = message.direction === "inbound";
  const side = isTheirs ? "customer" : `ours ${message.sender_kind}`;
  const cameLate =
    message.received_at !== null &&
    isTheirs &&
    Date.parse(message.received_at) - Date.parse(message.occurred_at) > LATE_MILLISECONDS;
  return (
    <article className={`line ${isTheirs ? "start" : "end"}`}>
      <div className={`bubble ${side}${isFromOutside(message) ? " outside" : ""}`}>
        {!isTheirs && !continues && <Sender message={message} />}
        {message.deleted_at === null ? <Body message={message} /> : <i>{isTheirs ? <Trans>Taken back by the customer</Trans> : <Trans>Taken back</Trans>}</i>}
      </div>
      {message.reactions.length > 0 && (
        <span className="reactions" aria-label={t`Reactions`}>
          {message.reactions.map((each) => String(each["emoji"] ?? "♥")).join(" ")}
        </span>
      )}
      <p className="meta small">
        <time dateTime={message.occurred_at} title={i18n.date(message.occurred_at, { dateStyle: "full", timeStyle: "long" })}>
          {clockTime(message.occurred_at, currentSecond() * 1000, i18n.locales ?? i18n.locale)}
        </time>
        {cameLate && (
          <>
            {" · "}
            <Trans>came late</Trans>
          </>
        )}
        {message.edits.length > 0 && message.deleted_at === null && <Edited message={message} />}
        {!isTheirs && <Delivery message={message} />}
      </p>
    </article>
  );
}

function Body({ message }: { message: Message }) {
  return (
    <>
      {message.text !== null && (
        <p className="words" dir="auto">
          {message.text}
        </p>
      )}
      <Attachments message={message} />
      {message.quick_replies.length > 0 && (
        <p className="small" dir="auto">
          {message.quick_replies.map((each) => String(each["title"] ?? each["content_type"])).join(" · ")}
        </p>
      )}
    </>
  );
}

function Edited({ message }: { message: Message }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      {" · "}
      <Button className="link" onPress={() => setOpen(!isOpen)}>
        {isOpen ? <Trans>hide former</Trans> : <Trans>edited, show former</Trans>}
      </Button>
      {isOpen && (
        <span className="former" dir="auto">
          {message.edits.map((each) => String(each["text"] ?? each["former_text"] ?? "")).join(" → ")}
        </span>
      )}
    </>
  );
}

/** Not by us: somebody wrote in the Page's inbox, or another app did. */
function isFromOutside(message: Message): boolean {
  return message.direction === "outbound" && message.app_id !== null && message.agent_id === null && message.status === null;
}
