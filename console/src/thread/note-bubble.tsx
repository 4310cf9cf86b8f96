import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button, TextArea, TextField } from "react-aria-components";
import { useRouteContext } from "@tanstack/react-router";
import { textOf } from "../api/problem-texts";
import type { Note } from "../api/types";
import { currentSecond } from "../live/clock";
import { deleteNote, putNote } from "../store/notes";
import { useDesk, useDeskStore } from "../store/use-desk";
import { clockTime } from "../ui/durations";
import { useNotice } from "../ui/notices";
import { localesOf } from "../locales/locales-of";

/** A note: over the whole width, so that nobody takes it for a message. */
export function NoteBubble({ note }: { note: Note }) {
  const store = useDeskStore();
  const { i18n, t } = useLingui();
  const say = useNotice();
  const { signIn } = useRouteContext({ strict: false });
  const colleague = useDesk((state) => state.directory?.agents.find((each) => each.id === note.agent_id)?.name ?? "");
  const [edited, setEdited] = useState<string | null>(null);
  const isMine = note.agent_id === store.agentId;
  const mayDelete = isMine || (signIn !== undefined && signIn.agent.role !== "agent");
  const author = isMine ? t`You` : colleague;

  async function save(text: string) {
    try {
      store.takeNote(await putNote(note.id, text));
      setEdited(null);
    } catch (error) {
      say(textOf(error));
    }
  }

  async function remove() {
    try {
      await deleteNote(note.id);
      await store.loadNotes(note.customer_id);
    } catch (error) {
      say(textOf(error));
    }
  }

  return (
    <article className="note-bubble">
      <div className="sender">
        <Trans>Note by {author} · only your team sees this</Trans>
      </div>
      {edited === null ? (
        <p className="words" dir="auto">
          {note.text}
        </p>
      ) : (
        <TextField aria-label={t`Note for your team`} value={edited} onChange={setEdited}>
          <TextArea ref={takeFocus} dir="auto" rows={3} maxLength={5000} />
        </TextField>
      )}
      <p className="small note-tools">
        <time dateTime={note.created_at} title={i18n.date(note.created_at, { dateStyle: "full", timeStyle: "long" })}>
          {clockTime(note.created_at, currentSecond() * 1000, localesOf(i18n))}
        </time>
        {note.edited_at !== null && <Trans>edited</Trans>}
        {edited !== null && (
          <>
            <Button className="link" isDisabled={edited.trim() === ""} onPress={() => void save(edited.trim())}>
              <Trans>Save</Trans>
            </Button>
            <Button className="link" onPress={() => setEdited(null)}>
              <Trans>Cancel</Trans>
            </Button>
          </>
        )}
        {edited === null && isMine && (
          <Button className="link on-hover" onPress={() => setEdited(note.text)}>
            <Trans>Edit</Trans>
          </Button>
        )}
        {edited === null && mayDelete && (
          <Button className="link on-hover" onPress={() => void remove()}>
            <Trans>Delete</Trans>
          </Button>
        )}
      </p>
    </article>
  );
}

/** Whoever asked to edit wants to write. */
function takeFocus(field: HTMLTextAreaElement | null): void {
  field?.focus();
}
