import type { ApiProblem } from "../api/problems";
import type { Block } from "./blocks";
import { readStream } from "./stream";

/**
 * One stream for all tabs of a browser. The tab that holds the lock reads it and posts each block to the others;
 * when it goes, the browser gives the lock to the next. A follower that hears nothing for `DEAF_MILLISECONDS`
 * takes the lock away: the leader may be frozen.
 */
const DEAF_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 1_000;

export interface LiveListener {
  onBlock(block: Block): void;
  onConnection(isConnected: boolean, problemCode: string | null): void;
}

type Posted = { block: Block } | { connected: boolean; code: string | null } | { asks: true };

/** Take part in the one stream of an agent's tabs; returns what ends that. */
export function joinStream(agentId: string, listener: LiveListener): () => void {
  const name = `pagedesk-stream-${agentId}`;
  const channel = new BroadcastChannel(name);
  const ending = new AbortController();
  let heardAt = performance.now();
  let leads: AbortController | null = null;
  let state: { connected: boolean; code: string | null } = { connected: false, code: null };

  function tell(posted: Posted): void {
    heardAt = performance.now();
    if ("block" in posted) {
      listener.onBlock(posted.block);
    } else if ("connected" in posted) {
      listener.onConnection(posted.connected, posted.code);
    }
  }

  function share(posted: Posted): void {
    channel.postMessage(posted);
    tell(posted);
  }

  channel.addEventListener("message", ({ data }: MessageEvent<Posted>) => {
    if ("asks" in data) {
      if (leads !== null) {
        channel.postMessage(state satisfies Posted);
      }
      return;
    }
    tell(data);
  });
  channel.postMessage({ asks: true } satisfies Posted);

  async function lead(): Promise<void> {
    const mine = new AbortController();
    leads = mine;
    const ended = AbortSignal.any([mine.signal, ending.signal]);
    await readStream(
      {
        onBlock: (block) => share({ block }),
        onConnection: (problem: ApiProblem | null) => {
          state = { connected: problem === null, code: problem?.code ?? null };
          share(state);
        },
      },
      ended,
    );
    // Signed out: keep the lock, so that no other tab tries the same, until this page is left.
    await new Promise<void>((resolve) => {
      if (ended.aborted) {
        resolve();
      }
      ended.addEventListener("abort", () => resolve());
    });
  }

  function stand(options: LockOptions): void {
    navigator.locks
      .request(name, options, lead)
      .catch((error: unknown) => {
        // The lock was taken away: this tab was silent for too long. It follows from now on.
        if (error instanceof DOMException && error.name === "AbortError" && !ending.signal.aborted) {
          leads?.abort();
          leads = null;
          heardAt = performance.now();
          stand({ signal: ending.signal });
          return;
        }
        if (!ending.signal.aborted) {
          throw error;
        }
      });
  }

  stand({ signal: ending.signal });
  const watch = setInterval(() => {
    if (leads === null && performance.now() - heardAt > DEAF_MILLISECONDS) {
      heardAt = performance.now();
      stand({ steal: true });
    }
  }, LOOK_MILLISECONDS);

  return () => {
    clearInterval(watch);
    ending.abort();
    channel.close();
  };
}
