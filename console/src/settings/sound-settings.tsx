import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { SoundState } from "../presence/sound-state";
import { changePreferences, usePreferences } from "../store/preferences";
import { Switch } from "./switch";
import { ProblemText } from "../ui/problem-text";

/** How one is told of offers and messages. */
export function SoundSettings() {
  const { t } = useLingui();
  const { sounds, notifications } = usePreferences();
  const [problem, setProblem] = useState("");

  async function notify(isWanted: boolean) {
    const answer = isWanted ? await Notification.requestPermission() : "denied";
    setProblem(isWanted && answer !== "granted" ? t`This browser does not allow it. Allow notifications for this address.` : "");
    changePreferences({ notifications: isWanted && answer === "granted" });
  }

  return (
    <section>
      <h2>
        <Trans>Offers and messages</Trans>
      </h2>
      <Switch isOn={sounds} onChange={(on) => changePreferences({ sounds: on })}>
        <Trans>A sound for offers, and for messages outside the open conversation</Trans>
      </Switch>
      <SoundState />
      <Switch isOn={notifications} onChange={(on) => void notify(on)}>
        <Trans>Notifications while this page is not in sight; without the customer's words</Trans>
      </Switch>
      <ProblemText text={problem} />
    </section>
  );
}
