import { t } from "@lingui/core/macro";
import type { Message } from "../api/types";

/** A message in one line, for quotes. */
export function lineOfMessage(message: Message): string {
  if (message.deleted_at !== null) {
    return t`Taken back`;
  }
  if (message.text !== null && message.text !== "") {
    return message.text;
  }
  const [first] = message.attachments;
  const name = first === undefined ? null : "state" in first ? first.name : first.title;
  return name ?? t`File`;
}
