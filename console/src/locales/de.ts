import type { Messages } from "@lingui/core";

/** All folders' texts in German. */
export const texts = import.meta.glob<Messages>(["./de.po", "../*/locales/de.po"], { eager: true, import: "messages" });
