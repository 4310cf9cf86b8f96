import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Button } from "react-aria-components";
import { useDesk } from "../store/use-desk";
import type { Fact } from "../timeline/fact";
import { namesOf } from "../timeline/names";
import { becauseOf, SENTENCES, sentenceOf } from "../timeline/sentences";
import { ModalDialog } from "../ui/modal-dialog";
import type { Journey } from "./use-demo";

const MOST_SHOWN = 100;

/** What happened while the time was moved. */
export function JourneySheet({ journey, onClose }: { journey: Journey; onClose: () => void }) {
  const { i18n } = useLingui();
  const conversations = useDesk((state) => state.conversations);
  const directory = useDesk((state) => state.directory);
  const told = journey.events.filter((event) => event.conversation_id !== null && event.kind in SENTENCES);
  const others = journey.events.length - Math.min(told.length, MOST_SHOWN);
  const instant = (at: string) => i18n.date(at, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const from = instant(journey.started_at);
  const to = instant(journey.ended_at);
  return (
    <ModalDialog title={<Trans>What happened meanwhile</Trans>} onClose={onClose}>
      <p className="small">
        <Trans>
          From {from} to {to}, in {journey.real_seconds} s
        </Trans>
      </p>
      <ol className="journey">
        {told.slice(0, MOST_SHOWN).map((event) => {
          const row = conversations[event.conversation_id ?? ""];
          const customer = row === undefined ? null : (row.customer.name ?? row.customer.psid);
          const fact = event as Fact;
          const why = becauseOf(fact, i18n);
          return (
            <li key={event.id}>
              <time dateTime={event.at}>{instant(event.at)}</time>
              <div dir="auto">
                <p>{sentenceOf(fact, namesOf(directory, customer), i18n)}</p>
                {why !== null && (
                  <p className="small">
                    <Trans>because {why}</Trans>
                  </p>
                )}
                <p className="small">
                  <Link
                    to="/conversations/$conversationId/timeline"
                    params={{ conversationId: event.conversation_id ?? "" }}
                    onClick={onClose}
                  >
                    {customer ?? <Trans>Timeline</Trans>}
                  </Link>
                </p>
              </div>
            </li>
          );
        })}
      </ol>
      {told.length === 0 && (
        <p>
          <Trans>Nothing happened in any conversation.</Trans>
        </p>
      )}
      {others > 0 && (
        <p className="small">
          <Plural value={others} one="# other entry of the desk's own" other="# other entries of the desk's own" />
        </p>
      )}
      <div className="buttons">
        <Button className="button primary" onPress={onClose}>
          <Trans>Go on</Trans>
        </Button>
      </div>
    </ModalDialog>
  );
}
