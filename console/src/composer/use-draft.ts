import { type RefObject, useEffect, useEffectEvent, useRef, useState } from "react";
import { now } from "../live/clock";
import type { Draft, DraftKind } from "../store/drafts";
import { useDeskStore } from "../store/use-desk";

/** A draft that is open in a composer. */
export interface OpenDraft {
  text: string;
  /** False until the kept draft was read: what is typed before that would be lost under it. */
  isLoaded: boolean;
  field: RefObject<HTMLTextAreaElement | null>;
  change(text: string): void;
  /** Put a text in the place of a part, by default of what is selected; the caret goes behind it. */
  insert(text: string, start?: number, end?: number): void;
  flush(): void;
}

export type DraftExtras = Pick<Draft, "replyTo" | "files">;

/**
 * One conversation's draft of one kind: read once, kept while it is typed. `extras`: what is kept beside the text.
 * `takesFocus`: whoever opened it wants to write at once.
 */
export function useDraft(
  conversationId: string,
  kind: DraftKind,
  extras: DraftExtras,
  takesFocus: boolean,
  onRead: (draft: Draft) => void = () => {},
): OpenDraft {
  const store = useDeskStore();
  const [keeper] = useState(() => store.draftOf(conversationId, kind));
  const [text, setText] = useState("");
  const [isLoaded, setLoaded] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  /** What the field says, before it is drawn anew. */
  const typed = useRef("");
  const { replyTo, files } = extras;
  const whenRead = useEffectEvent((draft: Draft) => onRead(draft));

  useEffect(() => {
    let isOpen = true;
    void keeper.read().then((draft) => {
      if (!isOpen) {
        return;
      }
      if (draft !== undefined) {
        typed.current = draft.text;
        setText(draft.text);
        whenRead(draft);
      }
      setLoaded(true);
    });
    const flush = () => void keeper.flush();
    document.addEventListener("visibilitychange", flush);
    return () => {
      isOpen = false;
      document.removeEventListener("visibilitychange", flush);
      flush();
    };
  }, [keeper]);

  function keep(value: string): void {
    keeper.keep({ text: value, caret: field.current?.selectionStart ?? 0, replyTo, files }, now());
  }

  const keepExtras = useEffectEvent(() => keep(typed.current));
  useEffect(() => {
    if (isLoaded) {
      keepExtras();
    }
  }, [isLoaded, replyTo, files]);

  useEffect(() => {
    if (takesFocus && isLoaded) {
      field.current?.focus();
    }
  }, [takesFocus, isLoaded]);

  function change(value: string): void {
    typed.current = value;
    setText(value);
    keep(value);
  }

  function insert(inserted: string, start?: number, end?: number): void {
    const area = field.current;
    if (area === null) {
      change(typed.current + inserted);
      return;
    }
    area.setRangeText(inserted, start ?? area.selectionStart, end ?? area.selectionEnd, "end");
    change(area.value);
    area.focus();
  }

  return { text, isLoaded, field, change, insert, flush: () => void keeper.flush() };
}
