import "./sign-in.css";
import { Trans } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button, Form, Input, Label, TextField } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import type { WayIn } from "./link";
import { signIn } from "./sign-in";

/** The way in: email and password, and with a first administrator's link a new password for it. */
export function SignInForm({ given, onSignedIn }: { given: WayIn; onSignedIn: () => void | Promise<void> }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await signIn({ email: String(data.get("email")), password: String(data.get("password")), code: given.code, demo: "" });
      await onSignedIn();
    } catch (error) {
      setProblem(textOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Form className="sign-in-form" onSubmit={(event) => void submit(event)}>
      {given.code !== "" && (
        <p>
          <Trans>Welcome. Choose the email address and the password with which you will sign in.</Trans>
        </p>
      )}
      <TextField className="field" name="email" type="email" isRequired defaultValue={given.email}>
        <Label>
          <Trans>Email</Trans>
        </Label>
        <Input autoComplete="username" />
      </TextField>
      <TextField className="field" name="password" type="password" isRequired defaultValue={given.password}>
        <Label>
          <Trans>Password</Trans>
        </Label>
        <Input autoComplete={given.code === "" ? "current-password" : "new-password"} />
      </TextField>
      <p className="problem" role="alert">
        {problem}
      </p>
      <Button type="submit" className="button primary" isPending={busy}>
        <Trans>Sign in</Trans>
      </Button>
    </Form>
  );
}
