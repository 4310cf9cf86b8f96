import type { Messages } from "@lingui/core";
import { addTexts, type Language } from "../locales/language";

const TEXTS: Record<Language, () => Promise<{ messages: Messages }>> = {
  en: () => import("./locales/en.po"),
  de: () => import("./locales/de.po"),
};

const load = async (language: Language) => (await TEXTS[language]()).messages;

/** Have the words of the administrator's screens, in the language in use. */
export function loadTexts(): Promise<void> {
  return addTexts(load);
}
