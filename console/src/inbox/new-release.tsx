import { Trans } from "@lingui/react/macro";
import { useEffect, useSyncExternalStore } from "react";
import { Button } from "react-aria-components";
import { hasNewRelease, onNewRelease } from "../live/release";
import { useDesk } from "../store/use-desk";

/** Without input for so long nobody is at work in this page. */
const IDLE_MILLISECONDS = 120_000;

/** Says that the page is of an older release. Reloads by itself only while nobody is at work in it. */
export function NewRelease() {
  const isNew = useSyncExternalStore(onNewRelease, hasNewRelease);
  const isBusy = useDesk((state) => (state.work?.offers.length ?? 0) > 0 || state.outgoing.length > 0);

  useEffect(() => {
    if (!isNew || isBusy) {
      return;
    }
    let timer = setTimeout(reload, IDLE_MILLISECONDS);
    function reload(): void {
      const isWriting = document.activeElement?.matches("textarea, input") === true;
      if (isWriting) {
        again();
      } else {
        location.reload();
      }
    }
    function again(): void {
      clearTimeout(timer);
      timer = setTimeout(reload, IDLE_MILLISECONDS);
    }
    document.addEventListener("keydown", again);
    document.addEventListener("pointermove", again);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("keydown", again);
      document.removeEventListener("pointermove", again);
    };
  }, [isNew, isBusy]);

  if (!isNew) {
    return null;
  }
  return (
    <p className="release-bar">
      <Trans>New version. What you typed is kept.</Trans>{" "}
      <Button className="link" onPress={() => location.reload()}>
        <Trans>Reload</Trans>
      </Button>
    </p>
  );
}
