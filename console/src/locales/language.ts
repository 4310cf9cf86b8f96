import { i18n, type Messages } from "@lingui/core";
import { PSEUDO_LANGUAGES, pseudoTexts, type PseudoLanguage } from "./pseudo";

/** The console's languages; each is a file beside the texts of each folder. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

const LOADERS: Record<Language, () => Promise<{ texts: Record<string, Messages> }>> = {
  en: () => import("./en"),
  de: () => import("./de"),
};
const KEPT_AS = "pagedesk-language";

/** Reads the texts of screens that not everybody loads. */
type LoadTexts = (language: Language) => Promise<Messages>;
const loadedLater = new Set<LoadTexts>();

/** The language that was chosen here before, else the first of the browser's that there is, else English. */
export function preferredLanguage(
  chosen: string | null = localStorage.getItem(KEPT_AS),
  browsers: readonly string[] = navigator.languages,
): Language | PseudoLanguage {
  const pseudo = PSEUDO_LANGUAGES.find((each) => each === chosen);
  if (pseudo !== undefined) {
    return pseudo;
  }
  const wanted = [chosen, ...browsers].map((tag) => tag?.toLowerCase().split("-")[0]);
  return LANGUAGES.find((known) => known === wanted.find((tag) => LANGUAGES.some((each) => each === tag))) ?? "en";
}

/** The language in which the texts of this one are written: those of a pseudo-language are made of English. */
function writtenLanguage(language: Language | PseudoLanguage): Language {
  return LANGUAGES.find((each) => each === language) ?? "en";
}

function spoken(messages: Messages, language: Language | PseudoLanguage): Messages {
  const pseudo = PSEUDO_LANGUAGES.find((each) => each === language);
  return pseudo === undefined ? messages : pseudoTexts(messages, pseudo);
}

/** Load a language's texts and show them. */
export async function activateLanguage(language: Language | PseudoLanguage): Promise<void> {
  const { texts } = await LOADERS[writtenLanguage(language)]();
  const added = await Promise.all([...loadedLater].map((load) => load(writtenLanguage(language))));
  const messages = spoken(Object.assign({}, ...Object.values(texts), ...added), language);
  // Dates as the browser's country writes them, where it speaks this language.
  const countries = navigator.languages.filter((tag) => tag.toLowerCase().startsWith(`${language}-`));
  i18n.loadAndActivate({ locale: language, locales: countries.length > 0 ? countries : language, messages });
  document.documentElement.lang = language;
  document.documentElement.dir = isRightToLeft(language) ? "rtl" : "ltr";
}

/** Add texts to the language in use now, and to each that is chosen later. */
export async function addTexts(load: LoadTexts): Promise<void> {
  loadedLater.add(load);
  const language = i18n.locale as Language | PseudoLanguage;
  i18n.load(language, spoken(await load(writtenLanguage(language)), language));
}

/** Choose a language for this browser. */
export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEPT_AS, language);
  await activateLanguage(language);
}

/** Whether a language is read from right to left. */
export function isRightToLeft(language: string): boolean {
  return language.startsWith("ar");
}
