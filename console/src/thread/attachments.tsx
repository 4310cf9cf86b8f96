import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { Message } from "../api/types";

type Attachment = Message["attachments"][number];

/** A message's files: pictures and players from our own address, everything else as a link or a word. */
export function Attachments({ message }: { message: Message }) {
  return message.attachments.map((each, index) => (
    // oxlint-disable-next-line react/no-array-index-key -- Meta's attachments have no ids, and never move
    <div key={index} className="attachment">
      <One attachment={each} />
    </div>
  ));
}

function One({ attachment }: { attachment: Attachment }): ReactNode {
  const text = (name: string) => (typeof attachment[name] === "string" ? attachment[name] : "");
  const name = text("name") || text("title") || text("type");
  if (text("id") === "" || text("state") !== "ready") {
    return (
      <span className="small">
        {name} {text("reason") === "" ? text("state") : <Trans>(not available: {text("reason")})</Trans>}
      </span>
    );
  }
  const address = `/v1/attachments/${encodeURIComponent(text("id"))}`;
  switch (text("type")) {
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
