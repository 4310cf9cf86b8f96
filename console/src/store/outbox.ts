import { ApiProblem, noAnswer } from "../api/problems";
import type { Message } from "../api/types";
import type { DraftFile } from "./drafts";
import type { LocalDb } from "./local-db";

/** For so long a message is tried again by itself under the same key; an older one never leaves by itself. */
export const MAX_AGE_MILLISECONDS = 60_000;
const RETRY_MILLISECONDS = 2_000;

/** A message that this browser sends: its bubble is shown from the first moment, under the same key. */
export interface Outgoing {
  /** The bubble's id, and the Idempotency-Key. */
  key: string;
  /** Captured when Send was pressed. */
  conversationId: string;
  customerId: string;
  /** Empty where it is a file: a message of Messenger is one of both. */
  text: string;
  file: DraftFile | null;
  /** The message that is answered to. */
  replyTo: string | null;
  hold: boolean;
  createdAt: number;
  state: "sending" | "not_sent";
  problem: string | null;
}

/** What became of a message: the server has it, refused it, or cannot be reached. */
export type Outcome = "taken" | "refused" | "not_sent";

/** Both throw an ApiProblem. */
export interface OutboxServer {
  send(item: Outgoing): Promise<Message>;
  /** The message that was made under the item's key, if the server has one. */
  find(item: Outgoing): Promise<Message | null>;
}

export interface OutboxListener {
  onChange(items: readonly Outgoing[]): void;
  onSent(item: Outgoing, message: Message): void;
  /** The server refused: the text goes back to its author. */
  onRefused(item: Outgoing, problem: ApiProblem): void;
}

/** What leaves this browser, and what has not left it yet. A reload forgets nothing. */
export class Outbox {
  #items: readonly Outgoing[] = [];
  /** Those of one conversation go one after the other, in the order in which they were written. */
  #turns = new Map<string, Promise<Outcome>>();
  #lastCreatedAt = 0;

  constructor(
    private readonly db: LocalDb,
    private readonly server: OutboxServer,
    private readonly listener: OutboxListener,
    private readonly clock: () => number = Date.now,
    private readonly pause: (milliseconds: number) => Promise<void> = sleep,
  ) {}

  /** Go on with what a reload has interrupted. */
  async resume(): Promise<void> {
    const kept = await this.db.getAll("outbox");
    this.#set(kept.toSorted((a, b) => a.createdAt - b.createdAt));
    await Promise.all(this.#items.filter((item) => item.state === "sending").map((item) => this.#inTurn(item)));
  }

  /** Send a message; resolves when it is known what became of it. */
  async send(item: Omit<Outgoing, "createdAt" | "state" | "problem">): Promise<Outcome> {
    this.#lastCreatedAt = Math.max(this.clock(), this.#lastCreatedAt + 1);
    const outgoing: Outgoing = { ...item, createdAt: this.#lastCreatedAt, state: "sending", problem: null };
    this.#set([...this.#items, outgoing]);
    await this.db.put("outbox", outgoing);
    return this.#inTurn(outgoing);
  }

  /** Try again what was not sent, under the key that it had: if it did arrive, nothing is sent twice. */
  async again(key: string): Promise<void> {
    const item = this.#items.find((each) => each.key === key);
    if (item !== undefined) {
      const fresh: Outgoing = { ...item, state: "sending", createdAt: this.clock(), problem: null };
      await this.#replace(fresh);
      await this.#inTurn(fresh);
    }
  }

  /** Take it out; its text is the caller's. */
  async remove(key: string): Promise<void> {
    await this.db.delete("outbox", key);
    this.#set(this.#items.filter((each) => each.key !== key));
  }

  #inTurn(item: Outgoing): Promise<Outcome> {
    const former = this.#turns.get(item.conversationId) ?? Promise.resolve();
    const turn = former.then(
      () => this.#send(item),
      () => this.#send(item),
    );
    this.#turns.set(item.conversationId, turn);
    return turn;
  }

  async #send(item: Outgoing): Promise<Outcome> {
    let problemCode: string | null = null;
    // Before each try: the machine may have slept for hours, or the browser was closed.
    while (this.clock() - item.createdAt < MAX_AGE_MILLISECONDS) {
      try {
        return await this.#taken(item, await this.server.send(item));
      } catch (error) {
        const problem = error instanceof ApiProblem ? error : noAnswer(error);
        if (!problem.isTransient && problem.code !== "unauthenticated") {
          await this.remove(item.key);
          this.listener.onRefused(item, problem);
          return "refused";
        }
        problemCode = problem.code;
        await this.pause(Math.max(RETRY_MILLISECONDS, (problem.retryAfterSeconds ?? 0) * 1000));
      }
    }
    return this.#lookUp(item, problemCode);
  }

  /** It is too old to leave by itself. It may have arrived, though nobody heard the answer. */
  async #lookUp(item: Outgoing, problemCode: string | null): Promise<Outcome> {
    const found = await this.server.find(item).catch(() => null);
    if (found !== null) {
      return this.#taken(item, found);
    }
    await this.#replace({ ...item, state: "not_sent", problem: problemCode ?? "no_answer" });
    return "not_sent";
  }

  async #taken(item: Outgoing, message: Message): Promise<Outcome> {
    this.listener.onSent(item, message);
    await this.remove(item.key);
    return "taken";
  }

  async #replace(item: Outgoing): Promise<void> {
    await this.db.put("outbox", item);
    this.#set(this.#items.map((each) => (each.key === item.key ? item : each)));
  }

  #set(items: readonly Outgoing[]): void {
    this.#items = items;
    this.listener.onChange(items);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
