import { useSyncExternalStore } from "react";
import { LIST_NAMES, type ListName, type Sort, SORTS } from "./lists";

/** How somebody likes their console. Kept in this browser, for each person apart. */
export interface Preferences {
  theme: "system" | "light" | "dark";
  /** Enter sends, and Shift-Enter makes a line. */
  enterSends: boolean;
  sounds: boolean;
  /** Notifications of the system, while the console is not in sight. */
  notifications: boolean;
  /** Single letters do something outside fields. */
  singleKeys: boolean;
  /** The order of each list; what is not in it has the newest first. */
  sorts: Readonly<Partial<Record<ListName, Sort>>>;
  /** Other keys than the usual, by the name of the binding. */
  keys: Readonly<Record<string, string>>;
}

export const USUAL: Preferences = {
  theme: "system",
  enterSends: false,
  sounds: true,
  notifications: false,
  singleKeys: true,
  sorts: {},
  keys: {},
};

const KEPT_AS = "pagedesk-preferences";
const THEME_KEPT_AS = "pagedesk-theme";

/** What was kept, as far as it is of the right kind; everything else is as usual. */
export function preferencesOf(kept: string | null): Preferences {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(kept ?? "{}") as Record<string, unknown>;
  } catch {
    return USUAL;
  }
  const flag = (name: "enterSends" | "sounds" | "notifications" | "singleKeys") =>
    typeof given[name] === "boolean" ? given[name] : USUAL[name];
  const keys = Object.entries(given["keys"] ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const sorts = given["sorts"] as Record<string, unknown> | null | undefined;
  const known = LIST_NAMES.flatMap((list) => SORTS.filter((sort) => sorts?.[list] === sort).map((sort) => [list, sort] as const));
  const theme = given["theme"];
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    enterSends: flag("enterSends"),
    sounds: flag("sounds"),
    notifications: flag("notifications"),
    singleKeys: flag("singleKeys"),
    sorts: Object.fromEntries(known),
    keys: Object.fromEntries(keys),
  };
}

let owner = "";
let current: Preferences = USUAL;
const listeners = new Set<() => void>();

function take(preferences: Preferences): void {
  current = preferences;
  showTheme(preferences.theme);
  for (const listener of listeners) {
    listener();
  }
}

/** Show the theme that was chosen last in this browser, before anybody has signed in. */
export function showTheme(theme: string | null = localStorage.getItem(THEME_KEPT_AS)): void {
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset["theme"] = theme;
  } else {
    delete document.documentElement.dataset["theme"];
  }
}

/** Use the preferences of who is signed in; what another tab changes is taken over. Returns what ends that. */
export function followPreferences(agentId: string): () => void {
  owner = `${KEPT_AS}-${agentId}`;
  const load = () => take(preferencesOf(localStorage.getItem(owner)));
  const onStorage = (event: StorageEvent) => event.key === owner && load();
  load();
  globalThis.addEventListener("storage", onStorage);
  return () => globalThis.removeEventListener("storage", onStorage);
}

/** Change some of them. */
export function changePreferences(change: Partial<Preferences>): void {
  const next = { ...current, ...change };
  localStorage.setItem(owner, JSON.stringify(next));
  localStorage.setItem(THEME_KEPT_AS, next.theme);
  take(next);
}

/** The preferences outside of components. */
export function currentPreferences(): Preferences {
  return current;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The preferences; the component is drawn anew when they change. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, currentPreferences);
}

/** In which order somebody has a list. */
export function sortOf(list: ListName): Sort {
  return current.sorts[list] ?? "activity";
}
