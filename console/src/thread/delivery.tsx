import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Message } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";
import { deliveryWords, waitsForPage } from "./delivery-words";
import { isLeftAlone, leaveAlone } from "./left-alone";

const RECEIPTS = new Set(["sent", "delivered", "read"]);

/** Where one of our messages stands, and what one can do about it. */
export function Delivery({
  message,
  hasReceipt,
  onJump,
}: {
  message: Message;
  hasReceipt: boolean;
  onJump(messageId: string): void;
}) {
  // What came from elsewhere tells by its sender where it came from.
  if (message.status === null || (RECEIPTS.has(message.status) && !hasReceipt)) {
    return null;
  }
  return (
    <>
      {" · "}
      <span className={`delivery ${message.status}`}>
        <Words message={message} />
      </span>
      <Remedies message={message} onJump={onJump} />
    </>
  );
}

function Words({ message }: { message: Message }) {
  const { i18n } = useLingui();
  const seconds = useDesk((state) => state.config?.timeouts.held_message_seconds);
  const format = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  const until = seconds === undefined ? null : i18n.date(new Date(Date.parse(message.occurred_at) + seconds * 1000), format);
  return <span title={message.reason_detail ?? undefined}>{deliveryWords(message, until)}</span>;
}

function Remedies({ message, onJump }: { message: Message; onJump(messageId: string): void }) {
  const store = useDeskStore();
  const say = useNotice();
  const [isAsking, setAsking] = useState(false);
  const [isLeft, setLeft] = useState(() => isLeftAlone(message.id));
  const successor = useDesk((state) => {
    const customerId = state.conversations[message.conversation_id ?? ""]?.customer.id ?? "";
    return state.threads[customerId]?.messages.find((each) => each.resends === message.id)?.id;
  });

  async function act(action: "resend" | "send-held" | "cancel") {
    setAsking(true);
    try {
      await api.POST(`/v1/messages/{message_id}/${action}` as "/v1/messages/{message_id}/cancel", {
        params: { path: { message_id: message.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
      });
    } catch (error) {
      say(textOf(error));
    }
    const customerId = store.state.conversations[message.conversation_id ?? ""]?.customer.id;
    await (customerId === undefined ? undefined : store.loadThread(customerId).catch((error: unknown) => say(textOf(error))));
    setAsking(false);
  }

  function button(words: ReactNode, onPress: () => void) {
    return (
      <Button className="link" isDisabled={isAsking} onPress={onPress}>
        {words}
      </Button>
    );
  }

  switch (message.status) {
    case "held":
      return (
        <>
          {" "}
          {waitsForPage(message) ? null : button(<Trans>Send now</Trans>, () => void act("send-held"))}{" "}
          {button(<Trans>Cancel</Trans>, () => void act("cancel"))}
        </>
      );
    case "unknown":
      return isLeft ? null : (
        <>
          {" "}
          {button(<Trans>Say again</Trans>, () => void act("resend"))}{" "}
          {button(<Trans>Leave it</Trans>, () => (leaveAlone(message.id), setLeft(true)))}
        </>
      );
    case "failed":
      return message.sender_kind === "agent" && successor === undefined ? (
        <> {button(<Trans>Say again</Trans>, () => void act("resend"))}</>
      ) : (
        <Successor id={successor} onJump={onJump} />
      );
    case "resent":
      return <Successor id={successor} onJump={onJump} />;
    default:
      return null;
  }
}

function Successor({ id, onJump }: { id: string | undefined; onJump(messageId: string): void }) {
  return id === undefined ? null : (
    <>
      {" "}
      <Button className="link" onPress={() => onJump(id)}>
        <Trans>Show the new one</Trans>
      </Button>
    </>
  );
}
