import "./ui/tokens.css";
import "./ui/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { activateLanguage, preferredLanguage } from "./locales/language";
import { showTheme } from "./store/preferences";

const root = document.getElementById("root");
if (root === null) {
  throw new Error("index.html has no element with the id root");
}
showTheme();
await activateLanguage(preferredLanguage());
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
