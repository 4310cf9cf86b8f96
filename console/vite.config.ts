import { linguiTransformerBabelPreset, lingui } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import react from "@vitejs/plugin-react";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vitest/config";
import { EMOJI_LANGUAGES } from "./src/composer/emoji-languages";

/** The names of emojis beside the built files, so that the picker asks nobody else for them. */
const emojiNames: Plugin = {
  name: "emoji-names",
  apply: "build",
  generateBundle() {
    for (const file of EMOJI_LANGUAGES.flatMap((each) => [`${each}/data.json`, `${each}/messages.json`])) {
      const source = readFileSync(`${import.meta.dirname}/node_modules/emojibase-data/${file}`);
      this.emitFile({ type: "asset", fileName: `emoji/${file}`, source });
    }
  },
};

export default defineConfig({
  base: "/console/",
  plugins: [react(), lingui(), emojiNames, babel({ presets: [linguiTransformerBabelPreset()] })],
  build: {
    target: "es2023",
    // Nothing becomes a `data:` address, which the policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // React Aria and React change seldom: a release does not make browsers load them anew.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: "aria", test: /node_modules\/(react-aria|react-stately|@react-)/ },
          ],
        },
      },
    },
  },
  // One worker for all files: each would transform the same modules anew.
  test: { include: ["src/**/*.test.{ts,tsx}"], pool: "threads", isolate: false, fileParallelism: false },
});
