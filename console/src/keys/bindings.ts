import { msg } from "@lingui/core/macro";

/** What a key does. `keys`: in the words of tinykeys, `$mod` is Ctrl, on a Mac ⌘. `single`: a letter or sign alone. */
interface Binding {
  keys: string;
  title: ReturnType<typeof msg>;
  single?: true;
}

/** Every key of the console, in the order in which help shows them. */
export const BINDINGS = {
  next: { keys: "j", title: msg`Next conversation`, single: true },
  previous: { keys: "k", title: msg`Previous conversation`, single: true },
  "previous-unread": { keys: "[", title: msg`Previous unread`, single: true },
  "next-unread": { keys: "]", title: msg`Next unread`, single: true },
  reply: { keys: "r", title: msg`Write a reply`, single: true },
  note: { keys: "n", title: msg`Write a note`, single: true },
  take: { keys: "p", title: msg`Take it`, single: true },
  transfer: { keys: "t", title: msg`Transfer`, single: true },
  consult: { keys: "c", title: msg`Consult a colleague`, single: true },
  end: { keys: "e", title: msg`End`, single: true },
  unread: { keys: "u", title: msg`Mark as unread`, single: true },
  timeline: { keys: ".", title: msg`Timeline`, single: true },
  search: { keys: "/", title: msg`Search`, single: true },
  help: { keys: "?", title: msg`These keys`, single: true },
  "go-mine": { keys: "g m", title: msg`Go to Mine`, single: true },
  "go-open": { keys: "g o", title: msg`Go to Open`, single: true },
  "go-waiting": { keys: "g w", title: msg`Go to Waiting`, single: true },
  "go-soon": { keys: "g s", title: msg`Go to Closing soon`, single: true },
  "go-done": { keys: "g d", title: msg`Go to Done`, single: true },
  "go-admin": { keys: "g a", title: msg`Go to Administration`, single: true },
  back: { keys: "Escape", title: msg`Back to the list` },
  palette: { keys: "$mod+k", title: msg`Everything that can be done` },
  "next-pane": { keys: "F6", title: msg`Next pane` },
  "previous-pane": { keys: "Shift+F6", title: msg`Previous pane` },
} as const satisfies Record<string, Binding>;
export type BindingName = keyof typeof BINDINGS;
export const BINDING_NAMES = Object.keys(BINDINGS) as BindingName[];

/** Whether it is a letter or sign alone, which WCAG 2.1.4 wants to be switched off or changed. */
export function isSingle(name: BindingName): boolean {
  return (BINDINGS[name] as Binding).single ?? false;
}

/** The keys of a binding as somebody has them; null where it is switched off. */
export function keysOf(name: BindingName, chosen: { singleKeys: boolean; keys: Readonly<Record<string, string>> }): string | null {
  if (!isSingle(name)) {
    return BINDINGS[name].keys;
  }
  return chosen.singleKeys ? (chosen.keys[name] ?? BINDINGS[name].keys) : null;
}

/** As tinykeys wants them: signs that need Shift on some keyboards come with it or without. */
export function pressOf(keys: string): string {
  return keys.replaceAll(/(?<=^| )([^\p{L}\p{N}\s])(?=$| )/gu, "[Shift]+$1");
}

const SHOWN: Readonly<Record<string, string>> = { Escape: "Esc", $mod: "Ctrl/⌘" };

/** As people read them: "g m", "Ctrl/⌘-K". */
export function shownKeys(keys: string): string {
  return keys
    .split(" ")
    .map((press) => {
      const parts = press.split("+");
      return parts.map((part) => SHOWN[part] ?? (parts.length > 1 && part.length === 1 ? part.toUpperCase() : part)).join("-");
    })
    .join(" ");
}

/** Which other binding has these keys, or begins with them; null where none does. */
export function clashOf(name: BindingName, keys: string, chosen: Readonly<Record<string, string>>): BindingName | null {
  const begins = (longer: string, shorter: string) => longer === shorter || longer.startsWith(`${shorter} `);
  return (
    BINDING_NAMES.find((other) => {
      const theirs = chosen[other] ?? BINDINGS[other].keys;
      return other !== name && (begins(theirs, keys) || begins(keys, theirs));
    }) ?? null
  );
}
