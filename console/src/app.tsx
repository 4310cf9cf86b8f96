import { i18n } from "@lingui/core";
import { I18nProvider, useLingui } from "@lingui/react";
import type { ReactNode } from "react";
import { I18nProvider as AriaI18nProvider } from "react-aria-components";
import { SignInGate } from "./access/sign-in-gate";
import { Desk } from "./desk";
import { Notices } from "./ui/notices";

/** The whole console: who is signed in sees the desk, everybody else the way in. */
export function App() {
  return (
    <I18nProvider i18n={i18n}>
      <SameLanguage>
        <Notices>
          <SignInGate>{(signIn) => <Desk signIn={signIn} />}</SignInGate>
        </Notices>
      </SameLanguage>
    </I18nProvider>
  );
}

/** React Aria speaks the console's language, not the browser's, and its arrow keys follow the direction. */
function SameLanguage({ children }: { children: ReactNode }) {
  const { i18n: shown } = useLingui();
  return <AriaI18nProvider locale={shown.locale}>{children}</AriaI18nProvider>;
}
