import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Button, Checkbox, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useState } from "react";
import type { Conversation } from "../api/types";
import type { ListName } from "../store/lists";
import { TimelineLink } from "../timeline/timeline-link";
import { useDesk } from "../store/use-desk";
import { initials } from "../ui/initials";
import { WindowBadge } from "../ui/window-badge";
import { isLegal, useCommands } from "./commands";

/** Whose thread it is, and what ends one's turn. */
export function ThreadHeader({ row, list }: { row: Conversation; list: ListName }) {
  const { t } = useLingui();
  const command = useCommands();
  const page = useDesk((state) => state.directory?.pages.find((each) => each.page_id === row.page_id)?.name ?? "");
  const queue = useDesk((state) => state.directory?.queues.find((each) => each.id === row.queue_id)?.name ?? "");
  const name = row.customer.name ?? row.customer.psid;
  return (
    <header className="thread-header">
      <Link className="button quiet back" to="/inbox/$list" params={{ list }} aria-label={t`Back to the list`}>
        ‹
      </Link>
      <span className="avatar" aria-hidden>
        {initials(name)}
      </span>
      <div>
        <h1 dir="auto">{name}</h1>
        <p className="small">{[page, queue].filter((each) => each !== "").join(" · ")}</p>
      </div>
      <WindowBadge row={row} />
      <span className="grow" />
      <Link
        className="button quiet to-details"
        to="/inbox/$list/$conversationId/details"
        params={{ list, conversationId: row.id }}
        aria-label={t`Details`}
      >
        <span className="info-mark" aria-hidden>
          i
        </span>
      </Link>
      <TimelineLink conversationId={row.id} />
      {isLegal(row, "close-session") && (
        <Button className="button" onPress={() => void command(row.id, "close-session")}>
          <Trans>Wait</Trans>
        </Button>
      )}
      {isLegal(row, "end") && <EndDialog row={row} />}
    </header>
  );
}

/** Asks how the conversation ends. */
function EndDialog({ row }: { row: Conversation }) {
  const command = useCommands();
  const [skipSurvey, setSkipSurvey] = useState(false);
  return (
    <DialogTrigger>
      <Button className="button">
        <Trans>End…</Trans>
      </Button>
      <ModalOverlay className="modal-overlay" isDismissable>
        <Modal className="modal">
          <Dialog>
            {({ close }) => (
              <>
                <Heading slot="title">
                  <Trans>End this conversation?</Trans>
                </Heading>
                <p>
                  <Trans>It goes into wrap-up: the customer is answered no more, and you can still write notes.</Trans>
                </p>
                <Checkbox isSelected={skipSurvey} onChange={setSkipSurvey} className="checkbox">
                  <span className="box" aria-hidden>
                    {skipSurvey ? "✓" : ""}
                  </span>
                  <Trans>Send no survey</Trans>
                </Checkbox>
                <div className="buttons">
                  <Button className="button" onPress={close}>
                    <Trans>Cancel</Trans>
                  </Button>
                  <Button
                    className="button primary"
                    onPress={() => {
                      close();
                      void command(row.id, "end", { skip_survey: skipSurvey });
                    }}
                  >
                    <Trans>End conversation</Trans>
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
