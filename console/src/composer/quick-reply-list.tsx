import { Trans, useLingui } from "@lingui/react/macro";
import { textOf } from "../api/problem-texts";
import type { FilledQuickReply } from "../api/types";
import type { FoundQuickReplies } from "./use-quick-replies";

/** The id of one line, for `aria-activedescendant` of the field. */
export function optionId(listId: string, index: number): string {
  return `${listId}-${index}`;
}

/** What fits the slash word. The focus stays in the field; the chosen line is shown and told. */
export function QuickReplyList({
  id,
  found,
  active,
  onPick,
}: {
  id: string;
  found: FoundQuickReplies;
  active: number;
  onPick(item: FilledQuickReply): void;
}) {
  const { t } = useLingui();
  return (
    <div className="quick-replies">
      <div role="listbox" id={id} aria-label={t`Quick replies`}>
        {found.items.map((item, index) => (
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the field has the keys
          <div
            key={item.id}
            id={optionId(id, index)}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            aria-disabled={item.text === null}
            className={index === active ? "quick-reply active" : "quick-reply"}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onPick(item)}
          >
            <b>/{item.slug}</b> <span dir="auto">{item.title}</span>
            <span className="small">{[item.language, ...item.tags.map((tag) => `#${tag}`)].join(" · ")}</span>
            <span className="preview" dir="auto" lang={item.language}>
              {item.text ?? <Trans>A placeholder has no value here, and nothing is left of this text.</Trans>}
            </span>
          </div>
        ))}
      </div>
      <p className="small" role="status">
        {found.problem !== null ? (
          textOf(found.problem)
        ) : found.items.length > 0 ? (
          <Trans>↑ ↓ choose, Enter takes it, Esc closes</Trans>
        ) : found.isLoading ? (
          <Trans>Looking…</Trans>
        ) : (
          <Trans>No quick reply fits.</Trans>
        )}
      </p>
    </div>
  );
}
