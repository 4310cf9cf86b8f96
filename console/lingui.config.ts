import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de"],
  // Without line numbers, which change with every edit.
  format: formatter({ lineNumbers: false }),
  catalogs: [{ path: "<rootDir>/src/locales/{locale}", include: ["src"] }],
});
