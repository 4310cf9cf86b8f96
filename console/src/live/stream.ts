import { EventSourceParserStream } from "eventsource-parser/stream";
import { ApiProblem, noAnswer, problemOf } from "../api/problems";
import { backoffMilliseconds } from "./backoff";
import type { Block } from "./blocks";

/** Without a block for so long the connection is taken for dead: a ping comes each 5 s. */
const SILENCE_MILLISECONDS = 15_000;
const ADDRESS = "/v1/events?presence=1&counts=1&rows=1&directory=1";

export interface StreamListener {
  onBlock(block: Block): void;
  /** `problem`: why it is not connected; null when it is. */
  onConnection(problem: ApiProblem | null): void;
}

/**
 * Read the event stream until `signal` ends it; connect again, from the last id, as often as needed.
 * Ends by itself when nobody is signed in any more. Not by EventSource, which hides 401, 429 and Retry-After.
 */
export async function readStream(listener: StreamListener, signal: AbortSignal): Promise<void> {
  const position = { id: "" };
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await readOnce(position, listener, signal, () => (tries = 0));
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : noAnswer(error);
      if (signal.aborted) {
        return;
      }
      listener.onConnection(problem);
      if (problem.code === "unauthenticated") {
        return;
      }
      await pause(Math.max(backoffMilliseconds(tries), (problem.retryAfterSeconds ?? 0) * 1000), signal);
    }
  }
}

async function readOnce(
  position: { id: string },
  listener: StreamListener,
  signal: AbortSignal,
  onFirstBlock: () => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MILLISECONDS);
  try {
    const response = await fetch(ADDRESS, {
      headers: position.id === "" ? {} : { "Last-Event-ID": position.id },
      cache: "no-store",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok || response.body === null) {
      throw await problemOf(response);
    }
    listener.onConnection(null);
    const blocks = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    const reader = blocks.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MILLISECONDS);
      onFirstBlock();
      position.id = next.value.id ?? position.id;
      listener.onBlock({ event: next.value.event ?? "message", data: JSON.parse(next.value.data) as unknown });
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Wait, but no longer than until the browser is online again or the stream is not wanted any more. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      globalThis.removeEventListener("online", done);
      signal.removeEventListener("abort", done);
      resolve();
    }
    globalThis.addEventListener("online", done);
    signal.addEventListener("abort", done);
  });
}
