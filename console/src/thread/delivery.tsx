import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Message } from "../api/types";
import { useDeskStore } from "../store/use-desk";
import { useNotice } from "../ui/notices";

/** Where one of our messages stands, and what one can do about it. */
export function Delivery({ message }: { message: Message }) {
  return (
    <>
      {" · "}
      <span className={`delivery ${message.status ?? ""}`}>{words(message)}</span>
      <Remedies message={message} />
    </>
  );
}

function words(message: Message): ReactNode {
  const { status, reason } = message;
  switch (status) {
    case "queued":
      return <Trans>◷ waits to be sent</Trans>;
    case "sending":
      return <Trans>… is being sent</Trans>;
    case "sent":
      return <Trans>✓ sent</Trans>;
    case "delivered":
      return <Trans>✓✓ delivered</Trans>;
    case "read":
      return <Trans>✓✓ read</Trans>;
    case "held":
      return <Trans>‖ held ({reason})</Trans>;
    case "unknown":
      return <Trans>? Meta did not say whether it arrived. Look in the Page's inbox first.</Trans>;
    case "failed":
      return <Trans>! failed ({reason})</Trans>;
    case "cancelled":
      return <Trans>cancelled</Trans>;
    case "expired":
      return <Trans>expired</Trans>;
    case "resent":
      return <Trans>said again below</Trans>;
    case null:
      return <Trans>✓ sent elsewhere</Trans>;
    default:
      return status;
  }
}

function Remedies({ message }: { message: Message }) {
  const store = useDeskStore();
  const say = useNotice();

  async function act(action: "resend" | "send-held" | "cancel") {
    try {
      await api.POST(`/v1/messages/{message_id}/${action}` as "/v1/messages/{message_id}/cancel", {
        params: { path: { message_id: message.id }, header: { "Idempotency-Key": crypto.randomUUID() } },
      });
    } catch (error) {
      say(textOf(error));
    }
    if (message.conversation_id !== null) {
      const customerId = store.state.conversations[message.conversation_id]?.customer.id;
      await (customerId === undefined ? undefined : store.loadThread(customerId).catch((error: unknown) => say(textOf(error))));
    }
  }

  switch (message.status) {
    case "held":
      return (
        <>
          {" "}
          <Button className="link" onPress={() => void act("send-held")}>
            <Trans>Send now</Trans>
          </Button>{" "}
          <Button className="link" onPress={() => void act("cancel")}>
            <Trans>Cancel</Trans>
          </Button>
        </>
      );
    case "unknown":
    case "failed":
      return (
        <>
          {" "}
          <Button className="link" onPress={() => void act("resend")}>
            <Trans>Say again</Trans>
          </Button>
        </>
      );
    default:
      return null;
  }
}
