import { Trans } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { Conversation } from "../api/types";
import { ModalDialog } from "../ui/modal-dialog";
import { useAct } from "./act";
import { ProblemText } from "../ui/problem-text";

/** Asks before a conversation is closed over its agent's head. */
export function ForceCloseDialog({ row, onClose }: { row: Conversation; onClose: () => void }) {
  const act = useAct();
  const [problem, setProblem] = useState("");
  const name = row.customer.name ?? row.customer.psid;
  const close = async () => {
    const refused = await act(row.id, "force-close");
    if (refused === null) {
      onClose();
    } else {
      setProblem(refused);
    }
  };
  return (
    <ModalDialog title={<Trans>Close this conversation now?</Trans>} onClose={onClose}>
      <p>
        <Trans>The conversation with {name} is closed at once, without wrap-up. Its agent loses it.</Trans>
      </p>
      <ProblemText text={problem} />
      <div className="buttons">
        <Button className="button" onPress={onClose}>
          <Trans>Cancel</Trans>
        </Button>
        <Button className="button primary" onPress={() => void close()}>
          <Trans>Force close</Trans>
        </Button>
      </div>
    </ModalDialog>
  );
}
