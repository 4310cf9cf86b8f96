import { Trans, useLingui } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { Button, Dialog, DialogTrigger, Modal, ModalOverlay } from "react-aria-components";
import type { Message } from "../api/types";
import { fileReasonText, fileSize } from "../ui/file-reasons";
import { localesOf } from "../locales/locales-of";

type Attachment = Message["attachments"][number];
type FileAttachment = Extract<Attachment, { state: string }>;

/** A message's files: pictures and players from our own address in boxes of known size, so that nothing jumps. */
export function Attachments({ message }: { message: Message }) {
  return message.attachments.map((each, index) => (
    // oxlint-disable-next-line react/no-array-index-key -- those of Meta's own kinds have no ids; none ever moves
    <div key={index} className="attachment">
      {"state" in each ? <OneFile file={each} /> : <Shared shared={each} />}
    </div>
  ));
}

function OneFile({ file }: { file: FileAttachment }): ReactNode {
  const { i18n } = useLingui();
  const { id, type, state } = file;
  const name = file.name ?? type;
  if (state !== "ready") {
    return <NotReady file={file} />;
  }
  const address = `/v1/attachments/${encodeURIComponent(id)}`;
  switch (type) {
    case "image":
      return <Picture address={address} name={name} />;
    case "audio":
      return <audio src={address} controls preload="metadata" aria-label={name} />;
    case "video":
      return <video src={address} controls preload="metadata" aria-label={name} />;
    default:
      return (
        <a className="file-link" href={address} download={name}>
          <span aria-hidden>↓</span>
          <span className="file-name" dir="auto">
            {name}
          </span>
          {file.size_bytes !== null && <span className="small">{fileSize(file.size_bytes, localesOf(i18n))}</span>}
        </a>
      );
  }
}

function NotReady({ file }: { file: FileAttachment }) {
  const name = file.name ?? file.type;
  return (
    <span className="file-absent">
      <span className="file-name" dir="auto">
        {name}
      </span>
      <span className="small">
        {file.state === "pending" ? (
          <Trans>is being fetched…</Trans>
        ) : file.state === "deleted" ? (
          <Trans>was deleted</Trans>
        ) : (
          fileReasonText(file.reason)
        )}
      </span>
    </span>
  );
}

function Picture({ address, name }: { address: string; name: string }) {
  const { t } = useLingui();
  const [isBroken, setBroken] = useState(false);
  if (isBroken) {
    return (
      <span className="file-absent small">
        <Trans>The picture cannot be shown.</Trans>{" "}
        <a href={address} download={name}>
          {name}
        </a>
      </span>
    );
  }
  return (
    <DialogTrigger>
      <Button className="picture" aria-label={t`Enlarge ${name}`}>
        <img src={address} alt={name} loading="lazy" onError={() => setBroken(true)} />
      </Button>
      <ModalOverlay className="modal-overlay" isDismissable>
        <Modal className="picture-modal">
          <Dialog aria-label={name}>
            {({ close }) => (
              <>
                <img src={address} alt={name} />
                <div className="picture-bar">
                  <span className="file-name" dir="auto">
                    {name}
                  </span>
                  <a className="button" href={address} download={name}>
                    <Trans>Download</Trans>
                  </a>
                  <Button className="button" onPress={close}>
                    <Trans>Close</Trans>
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

/** What came with a message and is no file. Only addresses of the web are links. */
function Shared({ shared }: { shared: Exclude<Attachment, { state: string }> }) {
  const name = shared.title ?? shared.type;
  return shared.url !== null && shared.url !== undefined && /^https?:\/\//i.test(shared.url) ? (
    <a href={shared.url} target="_blank" rel="noopener noreferrer" dir="auto">
      {name}
    </a>
  ) : (
    <span dir="auto">{name}</span>
  );
}
