import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useDesk } from "../store/use-desk";
import { NewRelease } from "./new-release";

/** A short break is nobody's business. */
const PATIENCE_MILLISECONDS = 3_000;

/** Says that the desk cannot be reached, and what is possible meanwhile; and that there is a newer release. */
export function ConnectionBar() {
  const { i18n } = useLingui();
  const { isConnected, since } = useDesk((state) => state.connection);
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    setLong(false);
    if (isConnected) {
      return;
    }
    const timer = setTimeout(() => setLong(true), PATIENCE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [isConnected]);
  const at = since === 0 ? "" : i18n.date(new Date(since), { hour: "2-digit", minute: "2-digit" });
  return (
    <div role="status" className="connection-bar">
      {!isConnected && isLong && <Trans>Not connected since {at}. You can read and write; sending waits.</Trans>}
      <NewRelease />
    </div>
  );
}
