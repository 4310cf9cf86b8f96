import { api, bodyOf } from "../api/client";
import type { Config, Conversation, ConversationCounts, Directory, Note, Work } from "../api/types";
import { type Block, type LogEvent, logEventOf } from "../live/blocks";
import { noteServerTime, noteServerWrote, now } from "../live/clock";
import { CHANGES_CUSTOMER, CHANGES_DIRECTORY, CHANGES_NOTES, CHANGES_RECEIPTS, CHANGES_WORK } from "../live/kinds";
import { joinStream } from "../live/leader";
import { noteRelease } from "../live/release";
import { type DirectoryChange, withChange } from "./directory";
import { type DraftKind, DraftKeeper, draftTexts } from "./drafts";
import { LIST_NAMES, LIST_QUERIES, type ListName } from "./lists";
import { sortOf } from "./preferences";
import { Uploads } from "./uploads";
import { Latest } from "./latest";
import type { LocalDb } from "./local-db";
import { readNotes, withNotes } from "./notes";
import { findMessage, postMessage } from "./outbox-server";
import { Outbox, type Outgoing } from "./outbox";
import { type DeskState, EMPTY, withConversations, withMessages, withoutConversations } from "./state";

/** When the viewer's day began, of which "Done today" tells. */
function startOfDay(milliseconds: number): string {
  return new Date(new Date(milliseconds).setHours(0, 0, 0, 0)).toISOString();
}

const BATCH_MILLISECONDS = 50;
const PAGE = 50;

/** A refused message, whose text goes back into its composer. */
export interface Refused {
  item: Outgoing;
  code: string;
}

/** A text that comes back stands before what was typed since. */
export function joined(text: string, typed: string): string {
  return [text, typed].filter((each) => each !== "").join("\n");
}

/**
 * All that one agent's console knows, and how it comes to know it: a list or a thread is loaded once, then
 * events say which rows to read anew.
 */
export class DeskStore {
  readonly outbox: Outbox;
  #state: DeskState = EMPTY;
  #listeners = new Set<() => void>();
  #config = new Latest<Config>(
    () => bodyOf(api.GET("/v1/config")),
    (config) => {
      noteRelease(config.release);
      this.#set({ ...this.#state, config });
    },
  );
  #composers = new Map<string, (refused: Refused) => void>();
  #followers = new Set<(events: readonly LogEvent[]) => void>();
  #uploads = new Map<string, Uploads>();
  #batch: LogEvent[] = [];
  #applied = 0;
  /** In which batch each row came last. */
  #appliedIn = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #work = new Latest<Work>(
    () => bodyOf(api.GET("/v1/me/work")),
    (work) => this.#set({ ...this.#state, work }),
  );
  #directory = new Latest<Directory>(
    () => bodyOf(api.GET("/v1/directory")),
    (directory) => this.#set({ ...this.#state, directory }),
  );
  #counts = new Latest<ConversationCounts>(
    () => bodyOf(api.GET("/v1/conversations/counts")),
    (counts) => this.#set({ ...this.#state, counts }),
  );

  constructor(
    readonly agentId: string,
    readonly db: LocalDb,
  ) {
    this.outbox = new Outbox(
      db,
      { send: postMessage, find: (item) => findMessage(item, agentId) },
      {
        onChange: (outgoing) => this.#set({ ...this.#state, outgoing }),
        onSent: (item, message) => this.#addMessages(item.customerId, [message]),
        onRefused: (item, problem) => void this.#giveBack({ item, code: problem.code }),
      },
    );
  }

  get state(): DeskState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Let a conversation's open composer take back what was refused. */
  takesBack(conversationId: string, composer: (refused: Refused) => void): () => void {
    this.#composers.set(conversationId, composer);
    return () => this.#composers.delete(conversationId);
  }

  /** Be told of each batch of events, until the returned function is called. */
  onEvents(follower: (events: readonly LogEvent[]) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Follow what happens, until the returned function is called. */
  start(): () => void {
    void this.#loadCommon();
    void this.outbox.resume();
    void draftTexts(this.db).then((drafts) => this.#set({ ...this.#state, drafts }));
    return joinStream(this.agentId, {
      onBlock: (block) => this.#onBlock(block),
      onConnection: (isConnected, problemCode) =>
        this.#set({ ...this.#state, connection: { isConnected, since: now(), problemCode } }),
    });
  }

  /** Load the first page of a list, unless it is there, fresh and in the order that one wants. */
  async loadList(name: ListName): Promise<void> {
    const known = this.#state.lists[name];
    if (known === undefined || known.stale || known.sort !== sortOf(name)) {
      await this.#loadPage(name, null);
    }
  }

  async loadMore(name: ListName): Promise<void> {
    const cursor = this.#state.lists[name]?.nextCursor ?? null;
    if (cursor !== null) {
      await this.#loadPage(name, cursor);
    }
  }

  async loadConversation(id: string): Promise<void> {
    const row = await bodyOf(api.GET("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } }));
    this.#set(withConversations(this.#state, [row], this.agentId));
  }

  /** Load the newest messages of a customer's thread, or those before the oldest at hand. */
  async loadThread(customerId: string, older = false): Promise<void> {
    const known = this.#state.threads[customerId];
    const before = older ? known?.messages[0]?.id : undefined;
    const page = await bodyOf(
      api.GET("/v1/customers/{customer_id}/messages", {
        params: {
          path: { customer_id: customerId },
          query: { order: "newest", limit: PAGE, ...(before === undefined ? {} : { before }) },
        },
      }),
    );
    const thread = known ?? { messages: [], hasOlder: false };
    const hasOlder = older || known === undefined ? page.next_cursor !== null : thread.hasOlder;
    this.#set({
      ...this.#state,
      threads: { ...this.#state.threads, [customerId]: withMessages({ ...thread, hasOlder }, page.items.toReversed()) },
    });
  }

  async loadWork(): Promise<void> {
    await this.#work.load();
  }

  async #loadCommon(): Promise<void> {
    await Promise.all([this.#work.load(), this.#directory.load(), this.#counts.load(), this.#config.load()]);
  }

  async #loadPage(name: ListName, cursor: string | null): Promise<void> {
    const sort = sortOf(name);
    const since = name === "done" ? { closed_since: startOfDay(now()) } : {};
    const query = { ...LIST_QUERIES[name], ...since, sort, limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const begun = this.#applied;
    const page = await bodyOf(api.GET("/v1/conversations", { params: { query: query as never } }));
    const former = cursor === null ? [] : (this.#state.lists[name]?.ids ?? []);
    const ids = [...new Set([...former, ...page.items.map((row) => row.id)])];
    const lists = { ...this.#state.lists, [name]: { ids, nextCursor: page.next_cursor, sort, stale: false } };
    // What events have brought meanwhile the page may not have.
    const meanwhile = Object.values(this.#state.conversations).filter((row) => (this.#appliedIn.get(row.id) ?? 0) > begun);
    this.#set(withConversations({ ...this.#state, lists }, [...page.items, ...meanwhile], this.agentId));
  }

  /** Load the notes on a customer's conversations, which stand in the thread. */
  async loadNotes(customerId: string): Promise<void> {
    const notes = await readNotes(customerId);
    this.#set({ ...this.#state, notes: { ...this.#state.notes, [customerId]: notes } });
  }

  /** Take over a note that was written or changed here. */
  takeNote(note: Note): void {
    const known = this.#state.notes[note.customer_id] ?? [];
    this.#set({ ...this.#state, notes: { ...this.#state.notes, [note.customer_id]: withNotes(known, [note]) } });
  }

  /** The files beside one conversation's draft. */
  uploadsOf(conversationId: string): Uploads {
    const known = this.#uploads.get(conversationId) ?? new Uploads();
    this.#uploads.set(conversationId, known);
    return known;
  }

  /** Whether agents may send files on a page; it may be that this is not known yet. */
  sendsFiles(pageId: string): boolean {
    return this.#state.directory?.pages.find((page) => page.page_id === pageId)?.attachments_for_agents ?? true;
  }

  /** Upload files for a conversation's next reply, within the limits of this installation. */
  async attach({ id, page_id: pageId }: Conversation, files: readonly File[]): Promise<void> {
    if (this.#state.config === null) {
      await this.#config.load();
    }
    const { config } = this.#state;
    const bytes = config?.limits.file_bytes ?? Number.POSITIVE_INFINITY;
    this.uploadsOf(id).add(files, { bytes, extensions: config?.file_extensions ?? [], isOff: !this.sendsFiles(pageId) });
  }

  /** One conversation's draft of one kind. Lists show those of replies. */
  draftOf(conversationId: string, kind: DraftKind = "reply"): DraftKeeper {
    return new DraftKeeper(this.db, conversationId, kind, (text) => {
      if (kind !== "reply") {
        return;
      }
      const { [conversationId]: _former, ...others } = this.#state.drafts;
      this.#set({ ...this.#state, drafts: text === "" ? others : { ...others, [conversationId]: text } });
    });
  }

  /** Take what was not sent out of the outbox, back to where it was written. */
  async backToComposer(item: Outgoing): Promise<void> {
    await this.#giveBack({ item, code: item.problem ?? "no_answer" });
    await this.outbox.remove(item.key);
  }

  /** A refused text goes into its open composer, else into its draft. */
  async #giveBack(refused: Refused): Promise<void> {
    const { conversationId, text, file, replyTo } = refused.item;
    const composer = this.#composers.get(conversationId);
    if (composer !== undefined) {
      composer(refused);
      return;
    }
    const keeper = this.draftOf(conversationId);
    const draft = await keeper.read();
    const files = [...(file === null ? [] : [file]), ...(draft?.files ?? [])];
    keeper.keep({ text: joined(text, draft?.text ?? ""), caret: 0, replyTo: draft?.replyTo ?? replyTo, files }, now());
    await keeper.flush();
  }

  #onBlock(block: Block): void {
    const data = block.data as Record<string, unknown>;
    if (typeof data["server_time"] === "string") {
      noteServerTime(data["server_time"]);
    }
    if (block.event === "hello") {
      if (typeof data["release"] === "string") {
        noteRelease(data["release"]);
      }
      // With the stream one is connected; what was read before said offline.
      void this.loadWork().catch(() => {});
    }
    if (block.event === "counts") {
      const counts = data as unknown as ConversationCounts;
      const hasChanged = counts.closing_soon !== this.#state.counts?.closing_soon;
      this.#counts.told(counts);
      if (hasChanged && this.#state.lists.closing_soon !== undefined) {
        void this.#loadPage("closing_soon", null).catch(() => this.#markStale());
      }
    } else if (block.event === "directory") {
      this.#onDirectoryChange(data as unknown as DirectoryChange);
    } else if (block.event === "reset" || (block.event === "goodbye" && data["reason"] === "rights_changed")) {
      void this.#reloadAll();
    }
    const event = logEventOf(block);
    if (event !== null) {
      this.#batch.push(event);
      this.#timer ??= setTimeout(() => this.#applyBatch(), BATCH_MILLISECONDS);
    }
  }

  #onDirectoryChange(change: DirectoryChange): void {
    const { directory } = this.#state;
    if (directory === null) {
      // The answer that is on its way may be older than the change.
      // Where that fails the next change, or a reset, reads it.
      void this.#directory.load().catch(() => {});
    } else {
      this.#directory.told(withChange(directory, change));
    }
  }

  /** Take over the rows of a batch of events, and read what events tell without rows: each thing once. */
  #applyBatch(): void {
    const events = this.#batch;
    this.#batch = [];
    this.#timer = null;
    const seen = events.flatMap((event) => (event.conversation === null ? [] : [event.conversation]));
    const stillSeen = new Set(seen.map((row) => row.id));
    const gone = events
      .filter((event) => event.conversation === null && event.conversation_id !== null)
      .flatMap((event) => (event.conversation_id === null || stillSeen.has(event.conversation_id) ? [] : [event.conversation_id]));
    this.#applied += 1;
    for (const row of seen) {
      this.#appliedIn.set(row.id, this.#applied);
    }
    for (const row of seen) {
      noteServerWrote(row.changed_at);
    }
    const state = withoutConversations(withConversations(this.#state, seen, this.agentId), gone);
    const threads = { ...state.threads };
    for (const { message, conversation } of events) {
      const customerId = conversation?.customer.id ?? "";
      const thread = threads[customerId];
      if (message !== null && thread !== undefined) {
        threads[customerId] = withMessages(thread, [message]);
      }
    }
    this.#set({ ...state, threads });
    for (const follower of this.#followers) {
      follower(events);
    }
    void this.#readMore(events);
  }

  async #readMore(events: readonly LogEvent[]): Promise<void> {
    const reads: Promise<unknown>[] = [];
    if (events.some((event) => CHANGES_WORK.test(event.kind))) {
      reads.push(this.loadWork());
    }
    if (events.some((event) => CHANGES_DIRECTORY.test(event.kind))) {
      reads.push(this.#directory.load());
    }
    const customers = new Set(events.filter((event) => CHANGES_CUSTOMER.test(event.kind)).map((event) => event.customer_id));
    const theirs = Object.values(this.#state.conversations).filter((row) => customers.has(row.customer.id));
    if (theirs.length > 0) {
      reads.push(this.#loadConversations(theirs.map((row) => row.id)));
    }
    const receipts = events.filter((event) => CHANGES_RECEIPTS.test(event.kind)).map((event) => event.conversation?.customer.id ?? "");
    for (const customerId of new Set(receipts)) {
      if (this.#state.threads[customerId] !== undefined) {
        reads.push(this.loadThread(customerId));
      }
    }
    const noted = events.filter((event) => CHANGES_NOTES.test(event.kind)).map((event) => event.customer_id ?? "");
    for (const customerId of new Set(noted)) {
      if (this.#state.notes[customerId] !== undefined) {
        reads.push(this.loadNotes(customerId));
      }
    }
    // What cannot be read now is read with the next event, or after the reset that a lost connection brings.
    await Promise.allSettled(reads);
  }

  async #loadConversations(ids: readonly string[]): Promise<void> {
    const found = await bodyOf(api.GET("/v1/conversations", { params: { query: { ids: [...ids] } as never } }));
    this.#set(withConversations(this.#state, found.items, this.agentId));
  }

  async #reloadAll(): Promise<void> {
    this.#markStale();
    const loaded = LIST_NAMES.filter((name) => this.#state.lists[name] !== undefined);
    const threads = Object.keys(this.#state.threads);
    const noted = Object.keys(this.#state.notes);
    this.#set({ ...this.#state, threads: {} });
    await Promise.allSettled([
      this.#loadCommon(),
      ...loaded.map((name) => this.loadList(name)),
      ...threads.map((customerId) => this.loadThread(customerId)),
      ...noted.map((customerId) => this.loadNotes(customerId)),
    ]);
  }

  #markStale(): void {
    const lists = Object.fromEntries(
      Object.entries(this.#state.lists).map(([name, list]) => [name, { ...list, stale: true }]),
    );
    this.#set({ ...this.#state, lists });
  }

  #addMessages(customerId: string, messages: Parameters<typeof withMessages>[1]): void {
    const thread = this.#state.threads[customerId];
    if (thread !== undefined) {
      this.#set({ ...this.#state, threads: { ...this.#state.threads, [customerId]: withMessages(thread, messages) } });
    }
  }

  #set(state: DeskState): void {
    if (state !== this.#state) {
      this.#state = state;
      for (const listener of this.#listeners) {
        listener();
      }
    }
  }
}
