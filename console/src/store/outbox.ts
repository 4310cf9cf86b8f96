import { ApiProblem, noAnswer } from "../api/problems";
import type { Message } from "../api/types";
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
  text: string;
  hold: boolean;
  createdAt: number;
  state: "sending" | "not_sent";
  problem: string | null;
}

/** Asks the server to send; throws an ApiProblem. */
export type Post = (item: Outgoing) => Promise<Message>;

export interface OutboxListener {
  onChange(items: readonly Outgoing[]): void;
  onSent(item: Outgoing, message: Message): void;
  /** The server refused: the text goes back to its author. */
  onRefused(item: Outgoing, problem: ApiProblem): void;
}

/** What leaves this browser, and what has not left it yet. A reload forgets nothing. */
export class Outbox {
  #items: readonly Outgoing[] = [];

  constructor(
    private readonly db: LocalDb,
    private readonly post: Post,
    private readonly listener: OutboxListener,
    private readonly clock: () => number = Date.now,
    private readonly pause: (milliseconds: number) => Promise<void> = sleep,
  ) {}

  /** Go on with what a reload has interrupted. */
  async resume(): Promise<void> {
    const kept = await this.db.getAll("outbox");
    this.#set(kept.toSorted((a, b) => a.createdAt - b.createdAt));
    await Promise.all(kept.filter((item) => item.state === "sending").map((item) => this.#send(item)));
  }

  /** Send a text; resolves when it is known what became of it. */
  async send(item: Omit<Outgoing, "createdAt" | "state" | "problem">): Promise<void> {
    const outgoing: Outgoing = { ...item, createdAt: this.clock(), state: "sending", problem: null };
    await this.db.put("outbox", outgoing);
    this.#set([...this.#items, outgoing]);
    await this.#send(outgoing);
  }

  /** Try again what was not sent, under the key that it had: if it did arrive, nothing is sent twice. */
  async again(key: string): Promise<void> {
    const item = this.#items.find((each) => each.key === key);
    if (item !== undefined) {
      const fresh: Outgoing = { ...item, state: "sending", createdAt: this.clock(), problem: null };
      await this.#replace(fresh);
      await this.#send(fresh);
    }
  }

  /** Take it out; its text is the caller's. */
  async remove(key: string): Promise<void> {
    await this.db.delete("outbox", key);
    this.#set(this.#items.filter((each) => each.key !== key));
  }

  async #send(item: Outgoing): Promise<void> {
    for (;;) {
      try {
        const message = await this.post(item);
        this.listener.onSent(item, message);
        await this.remove(item.key);
        return;
      } catch (error) {
        const problem = error instanceof ApiProblem ? error : noAnswer(error);
        if (!problem.isTransient && problem.code !== "unauthenticated") {
          await this.remove(item.key);
          this.listener.onRefused(item, problem);
          return;
        }
        if (this.clock() - item.createdAt >= MAX_AGE_MILLISECONDS) {
          await this.#replace({ ...item, state: "not_sent", problem: problem.code });
          return;
        }
        await this.pause(Math.max(RETRY_MILLISECONDS, (problem.retryAfterSeconds ?? 0) * 1000));
      }
    }
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
