import { useLingui } from "@lingui/react/macro";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { now } from "../live/clock";
import { usePreferences } from "../store/preferences";
import { useDeskStore } from "../store/use-desk";
import { type Alert, alertOf, endsOffer } from "./alert";
import { sound } from "./sound";

/**
 * Tells of offers and messages: by a sound, and by a notification of the system while the page is not in sight.
 * One notification for a conversation, which goes when the conversation is opened or the offer is over.
 */
export function Alerts(): null {
  const { t } = useLingui();
  const store = useDeskStore();
  const navigate = useNavigate();
  const { conversationId = null } = useParams({ strict: false });
  const { notifications } = usePreferences();
  const shown = useRef(new Map<string, Notification>());

  useEffect(() => {
    const withdraw = (id: string) => {
      shown.current.get(id)?.close();
      shown.current.delete(id);
    };
    if (conversationId !== null) {
      withdraw(conversationId);
    }
    const show = ({ kind, conversationId: id }: Alert) => {
      const row = store.state.conversations[id];
      const customer = row?.session?.title ?? row?.customer.name ?? "";
      const title = kind === "offer" ? t`Offer: ${customer}` : t`Message: ${customer}`;
      const body = [row?.page?.name, row?.queue?.name].filter((each) => each !== undefined).join(" · ");
      withdraw(id);
      const notification = new Notification(title, { body, tag: id });
      notification.addEventListener("click", () => {
        globalThis.focus();
        void navigate({ to: "/inbox/$list/$conversationId", params: { list: "mine", conversationId: id } });
      });
      shown.current.set(id, notification);
    };
    return store.onEvents((events) => {
      const openId = document.hasFocus() ? conversationId : null;
      for (const event of events) {
        if (event.conversation_id !== null && endsOffer(event.kind)) {
          withdraw(event.conversation_id);
        }
        const alert = alertOf(event, store.agentId, openId, now());
        if (alert !== null) {
          void sound(alert.kind);
          if (notifications && document.visibilityState === "hidden") {
            show(alert);
          }
        }
      }
    });
  }, [store, navigate, conversationId, notifications, t]);
  return null;
}
