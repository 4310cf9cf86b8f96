import { t } from "@lingui/core/macro";
import type { Message } from "../api/types";
import { deliveryReason } from "./delivery-reasons";

/** Whether a message waits for its page rather than for the customer. */
export function waitsForPage(message: Pick<Message, "reason">): boolean {
  return message.reason?.startsWith("page_") === true;
}

/** Where one of our messages stands, in words. `until`: how long it is held, where that is known. */
export function deliveryWords(message: Pick<Message, "status" | "reason">, until: string | null): string {
  const reason = deliveryReason(message.reason);
  switch (message.status) {
    case "queued":
      return t`◷ waits to be sent`;
    case "sending":
      return t`… is being sent`;
    case "sent":
      return t`✓ sent`;
    case "delivered":
      return t`✓✓ delivered`;
    case "read":
      return t`✓✓ read`;
    case "held":
      return until === null || waitsForPage(message) ? t`‖ held: ${reason}` : t`‖ held: ${reason}. Kept until ${until}.`;
    case "unknown":
      return t`? Meta did not say whether it arrived. Look in the Page's inbox first.`;
    case "failed":
      return t`! Not sent: ${reason}.`;
    case "cancelled":
      return message.reason === null ? t`× cancelled` : t`× cancelled: ${reason}`;
    case "expired":
      return t`× expired: the customer did not write in time`;
    case "resent":
      return t`↻ said again`;
    default:
      return message.status ?? "";
  }
}
