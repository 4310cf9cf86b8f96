/** Whether the server has become another release than this page is of; also when one of the page's files is gone. */

let own: string | null = null;
let isNewer = false;
const listeners = new Set<() => void>();

function found(): void {
  isNewer = true;
  for (const listener of listeners) {
    listener();
  }
}

/** The server said which release it is: the first time, that is the page's. */
export function noteRelease(release: string): void {
  if (own === null) {
    own = release;
  } else if (own !== release && !isNewer) {
    found();
  }
}

/** For `useSyncExternalStore`. */
export function onNewRelease(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function hasNewRelease(): boolean {
  return isNewer;
}

globalThis.addEventListener?.("vite:preloadError", (event) => {
  event.preventDefault();
  found();
});

/** Forget everything; for tests. */
export function forgetRelease(): void {
  own = null;
  isNewer = false;
}
