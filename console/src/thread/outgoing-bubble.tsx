import { Trans } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import type { Outgoing } from "../store/outbox";
import { useDeskStore } from "../store/use-desk";

/** A message that this browser has not got an answer for yet. */
export function OutgoingBubble({ item }: { item: Outgoing }) {
  const store = useDeskStore();
  return (
    <article className="line end">
      <div className="bubble ours agent">
        <p className="words" dir="auto">
          {item.file === null ? item.text : item.file.name}
        </p>
      </div>
      <p className="meta small">
        {item.state === "sending" ? (
          <Trans>◷ sending</Trans>
        ) : (
          <>
            <span className="delivery failed">
              <Trans>! Not sent.</Trans>
            </span>{" "}
            <Button className="link" onPress={() => void store.outbox.again(item.key)}>
              <Trans>Try again</Trans>
            </Button>{" "}
            <Button className="link" onPress={() => void store.backToComposer(item)}>
              <Trans>Back to the composer</Trans>
            </Button>
          </>
        )}
      </p>
    </article>
  );
}
