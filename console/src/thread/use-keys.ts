import { useEffect, useEffectEvent } from "react";

/** Does something when a single letter is pressed, outside of fields and dialogs. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const action = keys[event.key];
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (action !== undefined && isPlain && !event.defaultPrevented && !isWriting(event.target)) {
      event.preventDefault();
      action();
    }
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable], [role=menu], [role=dialog]") !== null;
}
