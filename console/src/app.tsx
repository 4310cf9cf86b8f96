import { I18nProvider } from "@lingui/react";
import { i18n } from "@lingui/core";
import { SignInGate } from "./access/sign-in-gate";
import { Desk } from "./desk";
import { Notices } from "./ui/notices";

/** The whole console: who is signed in sees the desk, everybody else the way in. */
export function App() {
  return (
    <I18nProvider i18n={i18n}>
      <Notices>
        <SignInGate>{(signIn) => <Desk signIn={signIn} />}</SignInGate>
      </Notices>
    </I18nProvider>
  );
}
