import type { I18n } from "@lingui/core";

/** How dates and numbers are written, as `Intl` takes it: the first of these that it knows. */
export function localesOf(i18n: I18n): string[] {
  return [i18n.locales ?? i18n.locale].flat();
}
