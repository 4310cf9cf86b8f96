import type { LocalDb } from "./local-db";

export type DraftKind = "reply" | "note";

/** A file that was uploaded for a draft. */
export interface DraftFile {
  id: string;
  name: string;
  bytes: number;
}

/** What an agent has typed and not sent. Nothing but the agent deletes it. */
export interface Draft {
  conversationId: string;
  kind: DraftKind;
  text: string;
  caret: number;
  replyTo: string | null;
  files: readonly DraftFile[];
  changedAt: number;
}

const WRITE_MILLISECONDS = 300;

/** One conversation's draft, kept while it is typed; of several quick changes the last is written. */
export class DraftKeeper {
  #waiting: Draft | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly db: LocalDb,
    private readonly conversationId: string,
    private readonly kind: DraftKind,
    private readonly onWritten: (line: string) => void = () => {},
  ) {}

  read(): Promise<Draft | undefined> {
    return this.db.get("drafts", [this.conversationId, this.kind]);
  }

  /** Keep this, within 300 ms. Without a text and files it is no draft. */
  keep(draft: Pick<Draft, "text" | "caret" | "replyTo" | "files">, changedAt: number): void {
    this.#waiting = { ...draft, conversationId: this.conversationId, kind: this.kind, changedAt };
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_MILLISECONDS);
  }

  /** Write at once what still waits. */
  async flush(): Promise<void> {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    const draft = this.#waiting;
    this.#waiting = null;
    if (draft === null) {
      return;
    }
    if (draft.text === "" && draft.files.length === 0) {
      await this.db.delete("drafts", [this.conversationId, this.kind]);
    } else {
      await this.db.put("drafts", draft);
    }
    this.onWritten(lineOf(draft));
  }
}

/** What a list shows of a draft: its text, else the names of its files. */
function lineOf(draft: Draft): string {
  return draft.text === "" ? draft.files.map((file) => file.name).join(", ") : draft.text;
}

/** What lists show of all drafts of replies, by conversation. */
export async function draftTexts(db: LocalDb): Promise<Record<string, string>> {
  const drafts = await db.getAll("drafts");
  return Object.fromEntries(drafts.filter((each) => each.kind === "reply").map((each) => [each.conversationId, lineOf(each)]));
}
