const PANES = "nav.navigation, section.list, main, aside.side-panel";
const FOCUSABLE = "a[href], button:not([disabled]), textarea:not([disabled]), input:not([disabled]), [tabindex='0']";

/** Move the focus to the next pane that is in sight, or to the one before. */
export function focusPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>(PANES)].filter((pane) => pane.checkVisibility());
  const current = panes.findIndex((pane) => pane.contains(document.activeElement));
  for (let tried = 1; tried <= panes.length; tried += 1) {
    const place = current === -1 && step === -1 ? panes.length - tried : (current + step * tried + panes.length * tried) % panes.length;
    const target = [...(panes[place]?.querySelectorAll<HTMLElement>(FOCUSABLE) ?? [])].find((each) => each.checkVisibility());
    if (target !== undefined) {
      target.focus();
      return;
    }
  }
}

/** Move the focus in the list of conversations as the arrow keys do, into it if it is elsewhere. */
export function focusRow(arrow: "ArrowDown" | "ArrowUp"): void {
  const grid = document.querySelector<HTMLElement>(".rows [role=grid]");
  const focused = document.activeElement;
  if (focused !== null && grid?.contains(focused)) {
    focused.dispatchEvent(new KeyboardEvent("keydown", { key: arrow, bubbles: true, cancelable: true }));
    return;
  }
  const row = grid?.querySelector<HTMLElement>("[role=row].open") ?? grid?.querySelector<HTMLElement>("[role=row]");
  row?.focus();
}
