import type { Messages } from "@lingui/core";

/** The texts of all folders that everybody loads, in German. */
export const texts = import.meta.glob<Messages>(["./de.po", "../*/locales/de.po", "!../admin/locales/de.po"], {
  eager: true,
  import: "messages",
});
