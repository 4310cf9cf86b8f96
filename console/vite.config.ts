import { linguiTransformerBabelPreset, lingui } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/console/",
  plugins: [react(), lingui(), babel({ presets: [linguiTransformerBabelPreset()] })],
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
