import { useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { GridList, GridListItem, ListLayout, Virtualizer } from "react-aria-components";
import { focusRow } from "../keys/panes";
import { useKeys } from "../keys/use-keys";
import { Offers } from "../presence/offers";
import type { ListName } from "../store/lists";
import { usePreferences } from "../store/preferences";
import { useDesk, useDeskStore } from "../store/use-desk";
import { ConversationRow } from "./conversation-row";
import { EMPTY_TEXTS, LIST_TITLES, NONE_IN_ORDER } from "./list-names";
import { SortMenu } from "./sort-menu";
import { nextUnread } from "./next-unread";
import { MovedBar, useStillOrder } from "./still-order";

const ROW_HEIGHT = 72;
const NONE: readonly string[] = [];

/** One list. Its order stands still while the pointer or the focus is in it. */
export function ConversationList({ list, openId }: { list: ListName; openId: string | null }) {
  const store = useDeskStore();
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const state = useDesk((desk) => desk.lists[list]);
  const conversations = useDesk((desk) => desk.conversations);
  const drafts = useDesk((desk) => desk.drafts);
  const { ids, moved, settle, handlers } = useStillOrder(state?.ids ?? NONE, `${list} ${state?.sort}`);

  const sort = usePreferences().sorts[list] ?? "activity";
  useEffect(() => void store.loadList(list), [store, list, sort]);

  const open = (id: string) => void navigate({ to: "/inbox/$list/$conversationId", params: { list, conversationId: id } });
  const openUnread = (step: 1 | -1) => {
    const next = nextUnread(rows, openId, step);
    if (next !== null) {
      open(next);
    }
  };
  useKeys({
    next: () => focusRow("ArrowDown"),
    previous: () => focusRow("ArrowUp"),
    "next-unread": () => openUnread(1),
    "previous-unread": () => openUnread(-1),
  });

  const rows = ids.map((id) => conversations[id]).filter((row) => row !== undefined);
  const title = i18n._(LIST_TITLES[list]);
  return (
    <section className="list" aria-label={title}>
      <header>
        <h1>{title}</h1>
        <SortMenu list={list} sort={sort} />
      </header>
      <div className="rows" {...handlers}>
        <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: ROW_HEIGHT }}>
          <GridList
            aria-label={title}
            items={rows}
            selectionMode="none"
            dependencies={[openId, drafts]}
            onAction={(id) => open(String(id))}
            renderEmptyState={() => <p className="empty-text">{state === undefined ? "" : i18n._(sort === "activity" ? EMPTY_TEXTS[list] : NONE_IN_ORDER[sort])}</p>}
          >
            {(row) => (
              <GridListItem
                key={row.id}
                id={row.id}
                className={row.id === openId ? "row open" : "row"}
                textValue={row.customer.name ?? row.customer.psid}
              >
                <ConversationRow row={row} draft={drafts[row.id]} />
              </GridListItem>
            )}
          </GridList>
        </Virtualizer>
        {(state?.nextCursor ?? null) !== null && <LoadMore list={list} />}
      </div>
      <MovedBar count={moved} onPress={settle} />
      <Offers />
    </section>
  );
}

function LoadMore({ list }: { list: ListName }) {
  const store = useDeskStore();
  const { t } = useLingui();
  return (
    <button type="button" className="button quiet" onClick={() => void store.loadMore(list)}>
      {t`Show older`}
    </button>
  );
}
