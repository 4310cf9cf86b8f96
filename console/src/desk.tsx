import { Trans } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { signOut } from "./access/sign-in";
import type { CurrentSignIn } from "./api/types";

/** What one sees who is signed in. */
export function Desk({ signIn }: { signIn: CurrentSignIn }) {
  return (
    <main className="sign-in">
      <h1>{signIn.agent.name}</h1>
      <Button className="button" onPress={() => void signOut()}>
        <Trans>Sign out</Trans>
      </Button>
    </main>
  );
}
