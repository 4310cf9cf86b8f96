import { ThreadPane } from "../thread/thread-pane";
import type { ListName } from "../store/lists";
import { ConnectionBar } from "./connection-bar";
import { ConversationList } from "./conversation-list";
import { Navigation } from "./navigation";

/** Lists, one list, one conversation. On a phone one of them at a time. */
export function InboxPage({ list, conversationId }: { list: ListName; conversationId: string | null }) {
  return (
    <div className={conversationId === null ? "desk shows-list" : "desk shows-thread"}>
      <ConnectionBar />
      <Navigation current={list} />
      <ConversationList list={list} openId={conversationId} />
      {conversationId === null ? <div className="thread empty" /> : <ThreadPane key={conversationId} id={conversationId} list={list} />}
    </div>
  );
}
