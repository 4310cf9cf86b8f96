import { Trans, useLingui } from "@lingui/react/macro";
import type { Conversation } from "../api/types";
import { LastLine } from "./last-line";
import { useDesk } from "../store/use-desk";
import { age } from "../ui/durations";
import { initials } from "../ui/initials";
import { useSecond } from "../ui/use-second";
import { WindowBadge } from "../ui/window-badge";

/** A conversation in a list. */
export function ConversationRow({ row, draft }: { row: Conversation; draft: string | undefined }) {
  const { t } = useLingui();
  const now = useSecond();
  const page = useDesk((state) => state.directory?.pages.find((each) => each.page_id === row.page_id)?.name ?? "");
  const name = row.customer.name ?? row.customer.psid;
  const since = row.owed_since ?? row.last_message_at ?? row.opened_at;
  return (
    <div className={row.unread > 0 ? "row-grid unread" : "row-grid"}>
      <span className="avatar" aria-hidden>
        {initials(name)}
      </span>
      <span className="name" dir="auto">
        {name}
      </span>
      <span className="small">{age(now - Date.parse(since))}</span>
      <span className="last" dir="auto">
        {draft === undefined ? (
          <LastLine row={row} fallback={page} />
        ) : (
          <>
            <b className="draft">
              <Trans>Draft:</Trans>
            </b>{" "}
            {draft}
          </>
        )}
      </span>
      <span className="marks">
        {row.failed > 0 && <b title={t`A message failed`}>!</b>}
        {row.held > 0 && <b title={t`A message is held`}>‖</b>}
        {row.unread > 0 && (
          <span className="unread-count">
            {row.unread}
            <span className="visually-hidden">
              <Trans>unread</Trans>
            </span>
          </span>
        )}
        <WindowBadge row={row} />
      </span>
    </div>
  );
}
