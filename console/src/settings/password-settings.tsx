import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button, Form, Input, Label, TextField } from "react-aria-components";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";

/** One's own password. */
export function PasswordSettings() {
  const { t } = useLingui();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [said, setSaid] = useState<{ text: string; isProblem: boolean } | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    try {
      await api.POST("/v1/me/password", { body: { current_password: current, new_password: next } });
      setCurrent("");
      setNext("");
      setSaid({ text: t`Your password is changed.`, isProblem: false });
    } catch (error) {
      setSaid({ text: textOf(error), isProblem: true });
    }
  }

  return (
    <section>
      <h2>
        <Trans>Password</Trans>
      </h2>
      <Form className="password-form" onSubmit={(event) => void submit(event)}>
        <TextField className="field" type="password" value={current} onChange={setCurrent} isRequired>
          <Label>
            <Trans>Present password</Trans>
          </Label>
          <Input autoComplete="current-password" />
        </TextField>
        <TextField className="field" type="password" value={next} onChange={setNext} isRequired>
          <Label>
            <Trans>New password</Trans>
          </Label>
          <Input autoComplete="new-password" />
        </TextField>
        {said !== null && (
          <p className={said.isProblem ? "problem" : ""} role={said.isProblem ? "alert" : "status"}>
            {said.text}
          </p>
        )}
        <Button className="button" type="submit" isDisabled={current === "" || next === ""}>
          <Trans>Change password</Trans>
        </Button>
      </Form>
    </section>
  );
}
