import { useEffect, useEffectEvent } from "react";
import { tinykeys } from "tinykeys";
import { usePreferences } from "../store/preferences";
import { BINDING_NAMES, type BindingName, isSingle, keysOf, pressOf } from "./bindings";

const FIELDS = "input, textarea, select, [contenteditable]";
const OVER_THE_PAGE = "[role=dialog], [role=alertdialog], [role=menu], [role=listbox]";

type Handlers = Partial<Record<BindingName, (() => void) | undefined>>;

/** Whether a key is not for the console: it is typed into a field, or something over the page has it. */
function isElsewhere(name: BindingName, event: KeyboardEvent): boolean {
  const isTyped = event.target instanceof Element && event.target.closest(FIELDS) !== null;
  const isBare = isSingle(name) || name === "back";
  return isBare && (isTyped || document.querySelector(OVER_THE_PAGE) !== null);
}

/** Let keys do something while the component is there. They are taken before lists look for names by letters. */
export function useKeys(handlers: Handlers): void {
  const run = useEffectEvent((name: BindingName) => handlers[name]?.());
  const chosen = usePreferences();
  const names = BINDING_NAMES.filter((name) => handlers[name] !== undefined).join(" ");

  useEffect(() => {
    const bound = names.split(" ").flatMap((each) => {
      const name = each as BindingName;
      const keys = each === "" ? null : keysOf(name, chosen);
      const handle = (event: KeyboardEvent) => {
        if (!isElsewhere(name, event) && !event.isComposing) {
          event.preventDefault();
          event.stopPropagation();
          run(name);
        }
      };
      return keys === null ? [] : [[pressOf(keys), handle] as const];
    });
    return tinykeys(globalThis.window, Object.fromEntries(bound), { capture: true, ignore: () => false });
  }, [names, chosen]);
}
