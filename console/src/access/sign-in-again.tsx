import { Trans } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { onSignedOut } from "../api/client";
import { useDesk } from "../store/use-desk";
import { currentSignIn } from "./sign-in";
import { SignInForm } from "./sign-in-form";

/** The sign-in is over: sign in over the page. Drafts stay, and what was being sent goes on. */
export function SignInAgain({ email, agentId }: { email: string; agentId: string }) {
  const [isOver, setOver] = useState(false);
  const streamIsOver = useDesk((state) => state.connection.problemCode === "unauthenticated");
  useEffect(() => onSignedOut(() => setOver(true)), []);

  async function onSignedIn() {
    const signIn = await currentSignIn();
    // Somebody else's console: nothing of the former agent's is to stay in memory. The stream, too, begins anew.
    if (signIn?.agent.id !== agentId || streamIsOver) {
      location.reload();
    }
    setOver(false);
  }

  return (
    <ModalOverlay className="modal-overlay" isOpen={isOver || streamIsOver} isDismissable={false}>
      <Modal className="modal">
        <Dialog role="alertdialog">
          <Heading slot="title">
            <Trans>Your sign-in is over. Sign in again to go on.</Trans>
          </Heading>
          <SignInForm given={{ email, password: "", code: "", demo: "" }} onSignedIn={onSignedIn} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
