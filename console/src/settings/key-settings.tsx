import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button, Input, TextField } from "react-aria-components";
import { BINDING_NAMES, BINDINGS, type BindingName, clashOf, isSingle } from "../keys/bindings";
import { changePreferences, usePreferences } from "../store/preferences";
import { Switch } from "./switch";

/** Single letters: off, or others than usual. */
export function KeySettings() {
  const { singleKeys, keys } = usePreferences();
  return (
    <section>
      <h2>
        <Trans>Keys</Trans>
      </h2>
      <Switch isOn={singleKeys} onChange={(on) => changePreferences({ singleKeys: on })}>
        <Trans>Single letters do something outside fields</Trans>
      </Switch>
      {singleKeys && (
        <>
          <ul className="key-settings">
            {BINDING_NAMES.filter(isSingle).map((name) => (
              <li key={`${name}-${keys[name] ?? ""}`}>
                <KeyField name={name} />
              </li>
            ))}
          </ul>
          <Button className="button" onPress={() => changePreferences({ keys: {} })} isDisabled={Object.keys(keys).length === 0}>
            <Trans>As usual</Trans>
          </Button>
        </>
      )}
    </section>
  );
}

/** One binding: a letter, or two after each other with a space between. */
function KeyField({ name }: { name: BindingName }) {
  const { i18n, t } = useLingui();
  const { keys } = usePreferences();
  const [typed, setTyped] = useState(keys[name] ?? BINDINGS[name].keys);
  const [problem, setProblem] = useState("");
  const title = i18n._(BINDINGS[name].title);

  function keep() {
    const wanted = typed.trim();
    if (!/^\S( \S)?$/u.test(wanted)) {
      setProblem(t`One letter, or two with a space between.`);
      return;
    }
    const clash = clashOf(name, wanted, keys);
    if (clash !== null) {
      const other = i18n._(BINDINGS[clash].title);
      setProblem(t`These are of: ${other}`);
      return;
    }
    setProblem("");
    changePreferences({ keys: { ...keys, [name]: wanted } });
  }

  return (
    <>
      <TextField className="key-field" value={typed} onChange={setTyped} onBlur={keep} aria-label={title} isInvalid={problem !== ""}>
        <Input maxLength={3} autoComplete="off" />
        <span aria-hidden>{title}</span>
      </TextField>
      {problem !== "" && (
        <span className="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}
