import { SidePanel } from "../customer/side-panel";
import { ThreadPane } from "../thread/thread-pane";
import type { ListName } from "../store/lists";
import { useDesk } from "../store/use-desk";
import { PaneBoundary } from "../ui/pane-boundary";
import { ConnectionBar } from "./connection-bar";
import { ConversationList } from "./conversation-list";
import { Navigation } from "./navigation";

/**
 * Lists, one list, one conversation, its customer. Where there is no room for the customer beside the
 * conversation, `showsDetails` puts them in its place; on a phone one pane is shown at a time.
 */
export function InboxPage({
  list,
  conversationId,
  showsDetails = false,
}: {
  list: ListName;
  conversationId: string | null;
  showsDetails?: boolean;
}) {
  const shown = conversationId === null ? "shows-list" : showsDetails ? "shows-thread shows-details" : "shows-thread";
  return (
    <div className={conversationId === null ? `desk ${shown}` : `desk has-panel ${shown}`}>
      <ConnectionBar />
      <PaneBoundary>
        <Navigation current={list} />
      </PaneBoundary>
      <PaneBoundary>
        <ConversationList list={list} openId={conversationId} />
      </PaneBoundary>
      {conversationId === null ? (
        <div className="thread empty" />
      ) : (
        <PaneBoundary key={conversationId}>
          <ThreadPane id={conversationId} list={list} />
        </PaneBoundary>
      )}
      {conversationId !== null && (
        <PaneBoundary key={`panel-${conversationId}`}>
          <Customer id={conversationId} list={list} />
        </PaneBoundary>
      )}
    </div>
  );
}

/** The panel, once it is known whose it is. */
function Customer({ id, list }: { id: string; list: ListName }) {
  const row = useDesk((state) => state.conversations[id]);
  return row === undefined ? <aside className="side-panel" /> : <SidePanel row={row} list={list} />;
}
