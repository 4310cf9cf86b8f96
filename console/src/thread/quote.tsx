import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import type { Message } from "../api/types";
import { useDesk } from "../store/use-desk";
import { lineOfMessage } from "./message-line";

/** The message that is answered to, in one line; pressing it goes there. */
export function Quote({ messageId, onJump }: { messageId: string; onJump(messageId: string): void }) {
  const { t } = useLingui();
  const known = useDesk((state) => findMessage(state.threads, messageId));
  const [read, setRead] = useState<Message | null>(null);
  const isKnown = known !== undefined;
  useEffect(() => {
    if (!isKnown) {
      // Where it cannot be read the quote says so, and can still be followed.
      bodyOf(api.GET("/v1/messages/{message_id}", { params: { path: { message_id: messageId } } })).then(setRead, () => {});
    }
  }, [messageId, isKnown]);
  const quoted = known ?? read;
  return (
    <Button className="quote" aria-label={t`Go to the message that is answered to`} onPress={() => onJump(messageId)}>
      <span dir="auto">{quoted === null ? <Trans>An earlier message</Trans> : lineOfMessage(quoted)}</span>
    </Button>
  );
}

function findMessage(threads: Readonly<Record<string, { messages: readonly Message[] }>>, id: string): Message | undefined {
  for (const thread of Object.values(threads)) {
    const found = thread.messages.find((message) => message.id === id);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
