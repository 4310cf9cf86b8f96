import "./settings.css";
import { Trans } from "@lingui/react/macro";
import { DeskPage } from "../inbox/desk-page";
import { KeySettings } from "./key-settings";
import { LookSettings } from "./look-settings";
import { PasswordSettings } from "./password-settings";
import { SoundSettings } from "./sound-settings";
import { Switch } from "./switch";
import { changePreferences, usePreferences } from "../store/preferences";

/** What somebody sets for themselves. What is of this browser alone says so. */
export function SettingsPage() {
  const { enterSends } = usePreferences();
  return (
    <DeskPage place="settings">
      <main className="settings">
        <h1>
          <Trans>Settings</Trans>
        </h1>
        <p className="small">
          <Trans>All but the password is kept in this browser.</Trans>
        </p>
        <LookSettings />
        <section>
          <h2>
            <Trans>Writing</Trans>
          </h2>
          <Switch isOn={enterSends} onChange={(on) => changePreferences({ enterSends: on })}>
            <Trans>Enter sends, and Shift-Enter makes a line</Trans>
          </Switch>
        </section>
        <SoundSettings />
        <KeySettings />
        <PasswordSettings />
      </main>
    </DeskPage>
  );
}
