import type { Messages } from "@lingui/core";

/** All folders' texts in English. */
export const texts = import.meta.glob<Messages>(["./en.po", "../*/locales/en.po"], { eager: true, import: "messages" });
