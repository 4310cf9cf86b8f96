import { Trans, useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { Button } from "react-aria-components";
import type { Work } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { useCommands } from "../thread/commands";
import { Ring } from "./ring";

type Participation = Work["participations"][number];
const NONE: readonly Participation[] = [];

/** Colleagues ask one for advice: cards like those of offers. */
export function Invitations() {
  const all = useDesk((state) => state.work?.participations ?? NONE);
  return all
    .filter((each) => each.joined_at === null)
    .map((each) => <Invitation key={each.participant_id} invitation={each} />);
}

function Invitation({ invitation }: { invitation: Participation }) {
  const { t } = useLingui();
  const store = useDeskStore();
  const command = useCommands();
  const navigate = useNavigate();
  const { conversation_id: id, participant_id: offerId } = invitation;
  const row = useDesk((state) => state.conversations[id]);
  const known = useDesk((state) => state.directory?.agents.find((each) => each.id === invitation.asked_by)?.name);
  // Who asks is its agent as a rule, whom the row names though they be newer than the directory at hand.
  const asker = (row?.agent_id === invitation.asked_by ? row.agent?.name : known) ?? t`A colleague`;
  const isKnown = row !== undefined;

  // Whose conversation it is stands in the row; without it the card still serves.
  useEffect(() => {
    if (!isKnown) {
      store.loadConversation(id).catch(() => {});
    }
  }, [store, id, isKnown]);

  async function accept() {
    if (await command(id, "accept", { offer_id: offerId })) {
      await navigate({ to: "/inbox/$list/$conversationId", params: { list: "mine", conversationId: id } });
    }
  }

  return (
    <section className="offer" aria-label={t`${asker} asks for advice`}>
      <div className="offer-top">
        {invitation.expires_at !== null && <Ring until={invitation.expires_at} />}
        <div>
          <b>
            <Trans>{asker} asks for advice</Trans>
          </b>
          {row !== undefined && (
            <p className="small" dir="auto">
              {row.customer.name ?? row.customer.psid}
            </p>
          )}
        </div>
      </div>
      <div className="buttons">
        <Button className="button primary" onPress={() => void accept()}>
          <Trans>Read along</Trans>
        </Button>
        <Button className="button" onPress={() => void command(id, "decline", { offer_id: offerId })}>
          <Trans>Decline</Trans>
        </Button>
      </div>
    </section>
  );
}
