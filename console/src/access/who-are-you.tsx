import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { DEMO_ROLES, type DemoPerson } from "./demo-people";
import { signIn } from "./sign-in";

interface Choice {
  people: readonly DemoPerson[];
  password: string;
  onSignedIn: () => void | Promise<void>;
  onOther: () => void;
}

/** A demo's way in: be somebody, without typing anything. */
export function WhoAreYou({ people, password, onSignedIn, onOther }: Choice) {
  const { i18n } = useLingui();
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  async function be(person: DemoPerson) {
    setBusy(person.name);
    setProblem(null);
    try {
      await signIn({ email: person.email, password, code: "", demo: "" });
      await onSignedIn();
    } catch (error) {
      setProblem(textOf(error));
    } finally {
      setBusy(null);
    }
  }

  return (
    <section className="sign-in-form who-are-you" aria-labelledby="who-are-you">
      <h2 id="who-are-you">
        <Trans>Who are you?</Trans>
      </h2>
      {people.map((person) => {
        const role = DEMO_ROLES[person.role];
        return (
          <Button key={person.name} className="button person" isPending={busy === person.name} onPress={() => void be(person)}>
            <b>{person.name}</b>
            <span className="small">{role === undefined ? person.role : i18n._(role)}</span>
          </Button>
        );
      })}
      <p className="problem" role="alert">
        {problem}
      </p>
      <Button className="button quiet" onPress={onOther}>
        <Trans>Sign in with email and password</Trans>
      </Button>
    </section>
  );
}
