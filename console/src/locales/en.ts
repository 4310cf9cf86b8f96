import type { Messages } from "@lingui/core";

/** The texts of all folders that everybody loads, in English. */
export const texts = import.meta.glob<Messages>(["./en.po", "../*/locales/en.po", "!../admin/locales/en.po"], {
  eager: true,
  import: "messages",
});
