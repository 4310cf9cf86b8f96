import { Trans } from "@lingui/react/macro";
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import type { CurrentSignIn } from "../api/types";
import { demoPeopleOf } from "./demo-people";
import { takeWayIn } from "./link";
import { currentSignIn } from "./sign-in";
import { SignInForm } from "./sign-in-form";
import { WhoAreYou } from "./who-are-you";

type State = { is: "asking" } | { is: "failed"; error: unknown } | { is: "out" } | { is: "in"; signIn: CurrentSignIn };

/** Shows the desk to who is signed in, and the form to everybody else. */
export function SignInGate({ children }: { children: (signIn: CurrentSignIn) => ReactNode }) {
  const [given] = useState(takeWayIn);
  const [isOther, setOther] = useState(false);
  const [state, setState] = useState<State>({ is: "asking" });

  const ask = useCallback(async () => {
    try {
      const signIn = await currentSignIn();
      setState(signIn === null ? { is: "out" } : { is: "in", signIn });
    } catch (error) {
      setState({ is: "failed", error });
    }
  }, []);
  useEffect(() => void ask(), [ask]);

  switch (state.is) {
    case "in":
      return children(state.signIn);
    case "asking":
      return null;
    case "failed":
      return (
        <main className="sign-in">
          <p role="alert">{textOf(state.error)}</p>
          <Button className="button" onPress={() => void ask()}>
            <Trans>Try again</Trans>
          </Button>
        </main>
      );
    case "out":
      return (
        <main className="sign-in">
          <h1 className="brand">Pagedesk</h1>
          {given.demo === "" || isOther ? (
            <SignInForm given={given.demo === "" ? given : { email: "", password: "", code: "", demo: "" }} onSignedIn={ask} />
          ) : (
            <WhoAreYou people={demoPeopleOf(given.demo)} password={given.password} onSignedIn={ask} onOther={() => setOther(true)} />
          )}
        </main>
      );
  }
}
