import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Message } from "../api/types";

type Attachment = Message["attachments"][number];

/** A message's files: pictures and players from our own address, everything else as a link or a word. */
export function Attachments({ message }: { message: Message }) {
  return message.attachments.map((each, index) => (
    // oxlint-disable-next-line react/no-array-index-key -- those of Meta's own kinds have no ids; none ever moves
    <div key={index} className="attachment">
      <One attachment={each} />
    </div>
  ));
}

function One({ attachment }: { attachment: Attachment }): ReactNode {
  if (!("state" in attachment)) {
    return <span dir="auto">{attachment.title ?? attachment.type}</span>;
  }
  const { id, type, state, reason } = attachment;
  const name = attachment.name ?? type;
  if (state !== "ready") {
    return (
      <span className="small">
        {name} {reason === null ? state : <Trans>(not available: {reason})</Trans>}
      </span>
    );
  }
  const address = `/v1/attachments/${encodeURIComponent(id)}`;
  switch (type) {
    case "image":
      return <img src={address} alt={name} loading="lazy" />;
    case "audio":
      return <audio src={address} controls aria-label={name} />;
    case "video":
      return <video src={address} controls aria-label={name} />;
    default:
      return (
        <a href={address} download>
          {name}
        </a>
      );
  }
}
