import "./desk.css";
import { Trans } from "@lingui/react/macro";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { SignInAgain } from "./access/sign-in-again";
import { queryClient } from "./api/queries";
import type { CurrentSignIn } from "./api/types";
import { router } from "./router";
import { DeskStore } from "./store/desk-store";
import { openLocalDb } from "./store/local-db";
import { followPreferences } from "./store/preferences";
import { DeskContext } from "./store/use-desk";

/** What one sees who is signed in. */
export function Desk({ signIn }: { signIn: CurrentSignIn }) {
  const [store, setStore] = useState<DeskStore | null>(null);
  const [failed, setFailed] = useState(false);
  const agentId = signIn.agent.id;

  useEffect(() => followPreferences(agentId), [agentId]);
  useEffect(() => {
    let stop = () => {};
    let isWanted = true;
    openLocalDb(agentId).then(
      (db) => {
        if (isWanted) {
          const made = new DeskStore(agentId, db);
          stop = made.start();
          setStore(made);
        }
      },
      () => setFailed(true),
    );
    return () => {
      isWanted = false;
      stop();
    };
  }, [agentId]);

  if (failed) {
    return (
      <p role="alert">
        <Trans>This browser keeps nothing (IndexedDB): drafts would be lost. Allow it for this address, then reload.</Trans>
      </p>
    );
  }
  if (store === null) {
    return null;
  }
  return (
    <DeskContext value={store}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} context={{ signIn }} />
      </QueryClientProvider>
      <SignInAgain email={signIn.agent.email ?? ""} agentId={agentId} />
    </DeskContext>
  );
}
