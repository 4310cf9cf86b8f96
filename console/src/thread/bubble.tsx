import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { Message } from "../api/types";
import { currentSecond } from "../live/clock";
import { clockTime } from "../ui/durations";
import { Attachments } from "./attachments";
import { Delivery } from "./delivery";
import { Quote } from "./quote";
import { Sender } from "./sender";
import { localesOf } from "../locales/locales-of";

const LATE_MILLISECONDS = 60_000;
const STRUCK = new Set(["cancelled", "expired"]);

export interface BubbleProps {
  message: Message;
  /** Of the same sender as the one before: not named again. */
  continues: boolean;
  /** The last message that the receipt reaches. */
  hasReceipt: boolean;
  isMarked: boolean;
  /** Null where one cannot reply now. */
  onReplyTo: ((messageId: string) => void) | null;
  onJump(messageId: string): void;
}

/** One message, in either direction. Customers' words are text nodes, always. */
export function Bubble({ message, continues, hasReceipt, isMarked, onReplyTo, onJump }: BubbleProps) {
  const { i18n, t } = useLingui();
  const isTheirs = message.direction === "inbound";
  const side = isTheirs ? "customer" : `ours ${message.sender_kind}`;
  const cameLate =
    message.received_at !== null &&
    isTheirs &&
    Date.parse(message.received_at) - Date.parse(message.occurred_at) > LATE_MILLISECONDS;
  const isStruck = STRUCK.has(message.status ?? "");
  const classes = [
    "bubble",
    side,
    message.sender_kind === "outside" ? "outside" : "",
    isStruck ? "struck" : "",
    isMarked ? "marked" : "",
  ];
  return (
    <article className={`line ${isTheirs ? "start" : "end"}`}>
      <div className={classes.filter((each) => each !== "").join(" ")}>
        {!isTheirs && !continues && <Sender message={message} />}
        {message.reply_to !== null && <Quote messageId={message.reply_to} onJump={onJump} />}
        {message.deleted_at === null ? <Body message={message} /> : <i>{isTheirs ? <Trans>Taken back by the customer</Trans> : <Trans>Taken back</Trans>}</i>}
        {message.edits.length > 0 && message.deleted_at === null && <Edited message={message} />}
      </div>
      {message.reactions.length > 0 && (
        <span className="reactions" role="img" aria-label={t`Reactions: ${message.reactions.map(nameOfReaction).join(", ")}`}>
          {message.reactions.map((each) => each.emoji ?? "♥").join(" ")}
        </span>
      )}
      <p className="meta small">
        <time dateTime={message.occurred_at} title={i18n.date(message.occurred_at, { dateStyle: "full", timeStyle: "long" })}>
          {clockTime(message.occurred_at, currentSecond() * 1000, localesOf(i18n))}
        </time>
        {cameLate && (
          <>
            {" · "}
            <Trans>came late</Trans>
          </>
        )}
        {message.standby && (
          <>
            {" · "}
            <Trans>on standby</Trans>
          </>
        )}
        {!isTheirs && <Delivery message={message} hasReceipt={hasReceipt} onJump={onJump} />}
        {onReplyTo !== null && message.mid !== null && message.deleted_at === null && (
          <Button className="link on-hover" onPress={() => onReplyTo(message.id)}>
            <Trans>Reply</Trans>
          </Button>
        )}
      </p>
    </article>
  );
}

function nameOfReaction({ reaction, emoji }: Message["reactions"][number]): string {
  return reaction ?? emoji ?? "♥";
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
    <div className="edits small">
      <Trans>edited</Trans>
      {" · "}
      <Button className="link" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
        {isOpen ? <Trans>hide former</Trans> : <Trans>show former</Trans>}
      </Button>
      {isOpen && (
        <ol className="former">
          {message.edits.map((each) => (
            <li key={each.number} dir="auto">
              {each.former_text ?? <Trans>(not known)</Trans>}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
