import { useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { ActionBar } from "../actions/action-bar";
import type { Conversation } from "../api/types";
import type { ListName } from "../store/lists";
import { TimelineLink } from "../timeline/timeline-link";
import { useDesk } from "../store/use-desk";
import { initials } from "../ui/initials";
import { WindowBadge } from "../ui/window-badge";

/** Whose thread it is, and what can be done with the conversation. */
export function ThreadHeader({ row, list }: { row: Conversation; list: ListName }) {
  const { t } = useLingui();
  const page = useDesk((state) => state.directory?.pages.find((each) => each.page_id === row.page_id)?.name ?? "");
  const queue = useDesk((state) => state.directory?.queues.find((each) => each.id === row.queue_id)?.name ?? "");
  const name = row.customer.name ?? row.customer.psid;
  return (
    <header className="thread-header">
      <Link className="button quiet back" to="/inbox/$list" params={{ list }} aria-label={t`Back to the list`}>
        ‹
      </Link>
      <span className="avatar" aria-hidden>
        {initials(name)}
      </span>
      <div>
        <h1 dir="auto">{name}</h1>
        <p className="small">{[page, queue].filter((each) => each !== "").join(" · ")}</p>
      </div>
      <WindowBadge row={row} />
      <Link
        className="button quiet to-details"
        to="/inbox/$list/$conversationId/details"
        params={{ list, conversationId: row.id }}
        aria-label={t`Details`}
      >
        <span className="info-mark" aria-hidden>
          i
        </span>
      </Link>
      <TimelineLink conversationId={row.id} />
      <ActionBar row={row} />
    </header>
  );
}
