import { Trans } from "@lingui/react/macro";
import { useSyncExternalStore } from "react";
import { Button } from "react-aria-components";
import { usePreferences } from "../store/preferences";
import { canSound, onSoundState, turnSoundOn } from "./sound";

/** Says that offers cannot be heard here, where somebody wants to hear them. */
export function SoundState() {
  const { sounds } = usePreferences();
  const isOn = useSyncExternalStore(onSoundState, canSound);
  if (!sounds || isOn) {
    return null;
  }
  return (
    <p className="small sound-state">
      <Trans>Sound is off in this browser.</Trans>{" "}
      <Button className="link" onPress={() => void turnSoundOn()}>
        <Trans>Turn on</Trans>
      </Button>
    </p>
  );
}
