import { setupI18n } from "@lingui/core";
import { expect, test } from "vitest";
import { localesOf } from "./locales-of";

test.each([
  ["de", undefined, ["de"]],
  ["de", "de", ["de"]],
  ["de", ["de-AT", "de-DE"], ["de-AT", "de-DE"]],
])("a language alone, or as a country writes it, is a list: %s %s", (locale, locales, wanted) => {
  const i18n = setupI18n();
  i18n.loadAndActivate({ locale, messages: {}, ...(locales === undefined ? {} : { locales }) });
  expect(localesOf(i18n)).toEqual(wanted);
});
