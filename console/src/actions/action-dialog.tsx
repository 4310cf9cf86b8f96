import type { Conversation } from "../api/types";
import type { DialogName } from "./action-list";
import { EndDialog } from "./end-dialog";
import { ForceCloseDialog } from "./force-close-dialog";
import { ReceiverDialog } from "./receiver-dialog";

/** Asks what an action needs before it is done. */
export function ActionDialog({ what, row, onClose }: { what: DialogName; row: Conversation; onClose: () => void }) {
  switch (what) {
    case "transfer":
    case "assign":
    case "consult":
      return <ReceiverDialog purpose={what} row={row} onClose={onClose} />;
    case "end":
    case "complete":
      return <EndDialog what={what} row={row} onClose={onClose} />;
    case "force-close":
      return <ForceCloseDialog row={row} onClose={onClose} />;
  }
}
