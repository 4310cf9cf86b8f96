import type { Contact } from "../api/types";

export const KEYS = ["name", "email", "phone", "number"] as const;

/** What is typed in the form of a contact: texts, empty where nothing is known. `fields` are the business's own. */
export interface ContactTexts {
  name: string;
  email: string;
  phone: string;
  number: string;
  fields: Record<string, string>;
}

/** A contact as texts to edit. Fields that the business has no more stay as they are. */
export function textsOf(contact: Contact | null, fieldNames: readonly string[], name: string | null): ContactTexts {
  const blank = Object.fromEntries(fieldNames.map((each) => [each, ""]));
  return {
    name: contact === null ? (name ?? "") : (contact.name ?? ""),
    email: contact?.email ?? "",
    phone: contact?.phone ?? "",
    number: contact?.number ?? "",
    fields: { ...blank, ...contact?.fields },
  };
}

/** What the API is told: nothing for what is empty. */
export function contentOf(texts: ContactTexts) {
  const known = (text: string) => text.trim() || null;
  const fields = Object.entries(texts.fields).flatMap(([name, text]) => (text.trim() === "" ? [] : [[name, text.trim()] as const]));
  return {
    name: known(texts.name),
    email: known(texts.email),
    phone: known(texts.phone),
    number: known(texts.number),
    fields: Object.fromEntries(fields),
  };
}

/** A contact needs at least something to be known by. */
export function isEnough(texts: ContactTexts): boolean {
  return KEYS.some((key) => texts[key].trim() !== "");
}
