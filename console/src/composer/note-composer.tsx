import { Trans, useLingui } from "@lingui/react/macro";
import { type KeyboardEvent, useRef, useState } from "react";
import { Button, TextArea, TextField } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import type { Conversation } from "../api/types";
import { postNote } from "../store/notes";
import { useDeskStore } from "../store/use-desk";
import { enterSends, sendKeyOf } from "./send-keys";
import { useDraft } from "./use-draft";
import { ProblemText } from "../ui/problem-text";

const MAX_UNITS = 5000;
const NO_ATTEMPT = { text: "", key: "" };
const NOTHING = { replyTo: null, files: [] };

/** A note for the team. Its draft is its own, and stays until the desk has the note. */
export function NoteComposer({ row, takesFocus }: { row: Conversation; takesFocus: boolean }) {
  const store = useDeskStore();
  const { t } = useLingui();
  const { field, text: typed, isLoaded, change, flush } = useDraft(row.id, "note", NOTHING, takesFocus);
  const [problem, setProblem] = useState("");
  const [isSaving, setSaving] = useState(false);
  /** What was tried and has no answer goes again under the same key. */
  const attempt = useRef(NO_ATTEMPT);
  const left = MAX_UNITS - typed.length;
  const mayAdd = typed.trim() !== "" && left >= 0 && !isSaving;

  async function add() {
    const text = typed.trim();
    if (!mayAdd) {
      return;
    }
    if (attempt.current.text !== text) {
      attempt.current = { text, key: crypto.randomUUID() };
    }
    setSaving(true);
    setProblem("");
    try {
      store.takeNote(await postNote(row.id, attempt.current.key, text));
      attempt.current = NO_ATTEMPT;
      change("");
      flush();
    } catch (error) {
      setProblem(textOf(error));
    } finally {
      setSaving(false);
    }
  }

  function onKeyDown(event: KeyboardEvent) {
    const { isComposing } = event.nativeEvent;
    if (sendKeyOf({ ...pick(event), isComposing }, enterSends()) !== null) {
      event.preventDefault();
      void add();
    }
  }

  return (
    <>
      <ProblemText text={problem} />
      <TextField aria-label={t`Note for your team`} value={typed} onChange={change} isDisabled={!isLoaded}>
        <TextArea ref={field} dir="auto" rows={3} placeholder={t`Write a note…`} readOnly={isSaving} onKeyDown={onKeyDown} />
      </TextField>
      <div className="composer-tools">
        <span className="small grow">
          <Trans>Only your team sees this.</Trans>
        </span>
        <span className={left < 0 ? "small problem" : "small"}>
          <Trans>{left} left</Trans>
        </span>
        <Button className="button primary" onPress={() => void add()} isDisabled={!mayAdd}>
          <Trans>Add note</Trans>
        </Button>
      </div>
    </>
  );
}

/** What is asked of a key, of React's event. */
export function pick({ key, ctrlKey, metaKey, shiftKey, altKey, keyCode }: KeyboardEvent) {
  return { key, ctrlKey, metaKey, shiftKey, altKey, keyCode };
}
