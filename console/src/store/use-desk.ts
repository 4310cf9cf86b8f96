import { createContext, useContext, useSyncExternalStore } from "react";
import type { DeskStore } from "./desk-store";
import type { DeskState } from "./state";

export const DeskContext = createContext<DeskStore | null>(null);

/** The store of the agent who is signed in. */
export function useDeskStore(): DeskStore {
  const store = useContext(DeskContext);
  if (store === null) {
    throw new Error("There is no desk around this component.");
  }
  return store;
}

/** A part of what is known; the component is drawn anew when that part is another object. */
export function useDesk<Part>(select: (state: DeskState) => Part): Part {
  const store = useDeskStore();
  return useSyncExternalStore(store.subscribe, () => select(store.state));
}
