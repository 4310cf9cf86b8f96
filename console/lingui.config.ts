import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

const SRC = `${import.meta.dirname}/src`;
const hasTexts = (folder: string) =>
  readdirSync(`${SRC}/${folder}`).some(
    (file) => /\.tsx?$/.test(file) && readFileSync(`${SRC}/${folder}/${file}`, "utf8").includes("/macro"),
  );
const folders = readdirSync(SRC, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && hasTexts(entry.name))
  .map((entry) => entry.name);

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "de"],
  // Without line numbers, which change with every edit.
  format: formatter({ lineNumbers: false }),
  // Each folder keeps its own texts; those of the files beside the folders are in src/locales.
  catalogs: [
    ...folders.map((name) => ({ path: `<rootDir>/src/${name}/locales/{locale}`, include: [`src/${name}/`] })),
    { path: "<rootDir>/src/locales/{locale}", include: ["src/*.tsx"] },
  ],
});
