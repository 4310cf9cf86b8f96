import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { useDesk } from "../store/use-desk";
import { lineOfMessage } from "../thread/message-line";

/** The message that is answered to, above the field. */
export function ReplyQuote({ messageId, customerId, onRemove }: { messageId: string; customerId: string; onRemove(): void }) {
  const { t } = useLingui();
  const message = useDesk((state) => state.threads[customerId]?.messages.find((each) => each.id === messageId));
  return (
    <div className="reply-quote">
      <span className="small">
        <Trans>Reply to</Trans>
      </span>
      <span className="quote-words" dir="auto">
        {message === undefined ? "…" : lineOfMessage(message)}
      </span>
      <Button className="chip-remove" aria-label={t`Do not reply to this message`} onPress={onRemove}>
        ×
      </Button>
    </div>
  );
}
