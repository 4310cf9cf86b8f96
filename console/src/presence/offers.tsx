import { Trans, useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { Button } from "react-aria-components";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { WorkConversation } from "../api/types";
import { useDesk, useDeskStore } from "../store/use-desk";
import { isLegal, useCommands } from "../thread/commands";
import { useNotice } from "../ui/notices";
import { Invitations } from "./invitations";
import { Ring } from "./ring";

const NONE: readonly WorkConversation[] = [];

/** What is offered, at the bottom of the list column: never over the composer, and it takes no focus. */
export function Offers() {
  const offers = useDesk((state) => state.work?.offers ?? NONE);
  return (
    <div className="offers" role="status">
      <Missed />
      {offers.map((offer, place) => (
        <OfferCard key={offer.id} offer={offer} isFirst={place === 0} />
      ))}
      <Invitations />
    </div>
  );
}

/** `isFirst`: of several offers only the first takes Alt-A and Alt-D; the others are small, so that the list stays in sight. */
function OfferCard({ offer, isFirst }: { offer: WorkConversation; isFirst: boolean }) {
  const { t } = useLingui();
  const command = useCommands();
  const navigate = useNavigate();
  const store = useDeskStore();
  const row = useDesk((state) => state.conversations[offer.id]);
  const queue = useDesk((state) => state.directory?.queues.find((each) => each.id === offer.queue_id)?.name);
  // Meta may tell the name after the offer was made; then it is in the row.
  const name = row?.customer.name ?? offer.customer.name ?? offer.customer.psid;
  const isKnown = row !== undefined;
  const mayBeDeclined = isKnown && isLegal(row, "decline");

  // What was said and whether it may be declined is in the row; without it the card still serves.
  useEffect(() => {
    if (!isKnown) {
      store.loadConversation(offer.id).catch(() => {});
    }
  }, [store, offer.id, isKnown]);

  // Named, so that a late answer never counts for the next offer of the same conversation.
  const answer = (what: "accept" | "decline") => command(offer.id, what, { offer_id: offer.offer_id });

  async function accept() {
    if (await answer("accept")) {
      await navigate({ to: "/inbox/$list/$conversationId", params: { list: "mine", conversationId: offer.id } });
    }
  }

  useEffect(() => {
    if (!isFirst) {
      return;
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.altKey && !event.ctrlKey && !event.metaKey && (event.code === "KeyA" || event.code === "KeyD")) {
        event.preventDefault();
        if (event.code === "KeyA") {
          void accept();
        } else if (mayBeDeclined) {
          void answer("decline");
        }
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });

  return (
    <section className={isFirst ? "offer" : "offer small-offer"} aria-label={t`Offer: ${name}`}>
      <div className="offer-top">
        {offer.expires_at !== null && <Ring until={offer.expires_at} />}
        <div>
          <b dir="auto">{name}</b>
          {queue !== undefined && <p className="small">{queue}</p>}
        </div>
      </div>
      {row?.last_message?.text && (
        <p className="words" dir="auto">
          {row.last_message.text}
        </p>
      )}
      <div className="buttons">
        <Button className="button primary" onPress={() => void accept()}>
          <Trans>Accept</Trans>
          {isFirst && <kbd>Alt A</kbd>}
        </Button>
        {mayBeDeclined && (
          <Button className="button" onPress={() => void answer("decline")}>
            <Trans>Decline</Trans>
          </Button>
        )}
      </div>
    </section>
  );
}

/** An offer was missed: nothing is offered until one says that one is there. */
function Missed() {
  const store = useDeskStore();
  const say = useNotice();
  const isInactive = useDesk((state) => state.work?.presence.presence === "inactive");
  if (!isInactive) {
    return null;
  }
  async function beAvailable() {
    try {
      await api.PUT("/v1/me/presence", { body: { presence: "available" } });
      await store.loadWork();
    } catch (error) {
      say(textOf(error));
    }
  }
  return (
    <section className="offer">
      <p>
        <Trans>You are Inactive: an offer was missed.</Trans>
      </p>
      <Button className="button primary" onPress={() => void beAvailable()}>
        <Trans>Available</Trans>
      </Button>
    </section>
  );
}
