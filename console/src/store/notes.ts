import { api, bodyOf } from "../api/client";
import type { Note } from "../api/types";

/** So many of a customer's newest notes are shown in the thread. */
const MAX_NOTES = 200;

/** Put notes among those at hand; a note that is read again replaces itself. */
export function withNotes(known: readonly Note[], notes: readonly Note[]): readonly Note[] {
  const byId = new Map([...known, ...notes].map((note) => [note.id, note]));
  return [...byId.values()].toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** The newest notes on all conversations of a customer. */
export async function readNotes(customerId: string): Promise<readonly Note[]> {
  const page = await bodyOf(
    api.GET("/v1/customers/{customer_id}/notes", {
      params: { path: { customer_id: customerId }, query: { order: "newest", limit: MAX_NOTES } },
    }),
  );
  return withNotes([], page.items);
}

/** Write a note; the same key again writes no second one. */
export function postNote(conversationId: string, key: string, text: string): Promise<Note> {
  return bodyOf(
    api.POST("/v1/conversations/{conversation_id}/notes", {
      params: { path: { conversation_id: conversationId }, header: { "Idempotency-Key": key } },
      body: { text },
    }),
  );
}

export function putNote(noteId: string, text: string): Promise<Note> {
  return bodyOf(api.PUT("/v1/notes/{note_id}", { params: { path: { note_id: noteId } }, body: { text } }));
}

export async function deleteNote(noteId: string): Promise<void> {
  await api.DELETE("/v1/notes/{note_id}", { params: { path: { note_id: noteId } } });
}
