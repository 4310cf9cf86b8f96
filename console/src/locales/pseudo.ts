import type { Messages } from "@lingui/core";

/**
 * Two languages for tests, by the names that Android gave them: `en-XA` is English in letters that look foreign and
 * 40 % longer, `ar-XB` is English read from right to left. A text that is not translated stands out in both.
 */
export const PSEUDO_LANGUAGES = ["en-XA", "ar-XB"] as const;
export type PseudoLanguage = (typeof PSEUDO_LANGUAGES)[number];

const ACCENTED: Record<string, string> = {
  a: "á", c: "ç", e: "ë", i: "î", n: "ñ", o: "ö", s: "š", u: "ü", y: "ý", z: "ž",
  A: "Â", C: "Ç", E: "Ë", I: "Î", N: "Ñ", O: "Ö", S: "Š", U: "Ü", Y: "Ý", Z: "Ž",
};
const LONGER_BY = 0.4;
const TAG = /(<\/?\d+\/?>)/;

/** English texts as a pseudo-language has them. */
export function pseudoTexts(messages: Messages, language: PseudoLanguage): Messages {
  const change = language === "en-XA" ? accented : mirrored;
  return Object.fromEntries(Object.entries(messages).map(([id, message]) => [id, changed(message, change)])) as Messages;
}

function accented(text: string): string {
  if (!/\p{Letter}/u.test(text)) {
    return text;
  }
  const letters = Array.from(text, (letter) => ACCENTED[letter] ?? letter).join("");
  return letters + "~".repeat(Math.ceil(text.trim().length * LONGER_BY));
}

/** Right-to-left override around each text, so that even Latin letters run from the right. */
function mirrored(text: string): string {
  return /\p{Letter}/u.test(text) ? `\u202E${text}\u202C` : text;
}

/** A compiled message is text, or a list of texts and placeholders; those of plurals hold messages themselves. */
function changed(message: unknown, change: (text: string) => string): unknown {
  if (typeof message === "string") {
    return message.split(TAG).map((part) => (TAG.test(part) ? part : change(part))).join("");
  }
  if (!Array.isArray(message)) {
    return message;
  }
  return message.map((token: unknown) => (typeof token === "string" ? changed(token, change) : changedPlaceholder(token, change)));
}

function changedPlaceholder(token: unknown, change: (text: string) => string): unknown {
  const [name, type, choices] = token as [string, string?, unknown?];
  if (typeof choices !== "object" || choices === null) {
    return token;
  }
  const changedChoices = Object.entries(choices).map(([key, choice]) => [key, changed(choice, change)]);
  return [name, type, Object.fromEntries(changedChoices)];
}
