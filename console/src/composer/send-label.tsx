import { Trans } from "@lingui/react/macro";
import type { SendMode } from "./outlook";

/** What pressing the button does. */
export function SendLabel({ mode }: { mode: SendMode }) {
  switch (mode) {
    case "send":
      return <Trans>Send</Trans>;
    case "send_as_human_agent":
      return <Trans>Send as human agent</Trans>;
    case "send_later":
      return <Trans>Send later</Trans>;
    case "hold":
      return <Trans>Hold</Trans>;
  }
}
