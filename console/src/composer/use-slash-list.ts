import { type KeyboardEvent, useId, useState } from "react";
import type { FilledQuickReply } from "../api/types";
import { optionId } from "./quick-reply-list";
import { isOfInputMethod } from "./send-keys";
import { slashWord } from "./slash-word";
import { type FoundQuickReplies, useQuickReplies } from "./use-quick-replies";

export interface SlashList {
  id: string;
  isOpen: boolean;
  found: FoundQuickReplies;
  /** Which line the keys have chosen. */
  active: number;
  /** For the field, so that the chosen line is told. */
  fieldProps: object;
  pick(item: FilledQuickReply): void;
  /** Whether the list took the key. */
  onKey(event: KeyboardEvent): boolean;
  noteCaret(caret: number): void;
  /** After each change of the text. */
  noteText(text: string, caret: number): void;
}

/** The quick replies that fit the slash word at the caret. `insert` puts one in its place. */
export function useSlashList(
  conversationId: string,
  text: string,
  insert: (text: string, start: number, end: number) => void,
): SlashList {
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  /** The slash word whose list was closed by Escape. */
  const [dismissed, setDismissed] = useState<number | null>(null);
  const word = slashWord(text, caret);
  const open = word !== null && word.start !== dismissed ? word : null;
  const found = useQuickReplies(conversationId, open?.query ?? null);
  const many = found.items.length;
  const chosen = Math.min(active, many - 1);

  function pick(item: FilledQuickReply) {
    if (open !== null && item.text !== null) {
      insert(item.text, open.start, open.end);
      setActive(0);
      setCaret(open.start + item.text.length);
    }
  }

  function onKey(event: KeyboardEvent): boolean {
    if (open === null || isOfInputMethod({ isComposing: event.nativeEvent.isComposing, keyCode: event.keyCode })) {
      return false;
    }
    const item = found.items[chosen];
    if (event.key === "Escape") {
      setDismissed(open.start);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && many > 0) {
      setActive((chosen + (event.key === "ArrowDown" ? 1 : many - 1)) % many);
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey && item !== undefined) {
      pick(item);
    } else {
      return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  function noteText(changed: string, at: number) {
    setActive(0);
    setCaret(at);
    if (slashWord(changed, at) === null) {
      setDismissed(null);
    }
  }

  const fieldProps =
    open === null
      ? {}
      : { "aria-autocomplete": "list", "aria-controls": id, ...(chosen < 0 ? {} : { "aria-activedescendant": optionId(id, chosen) }) };
  return { id, isOpen: open !== null, found, active: chosen, fieldProps, pick, onKey, noteCaret: setCaret, noteText };
}
