import { useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useDeskStore } from "../store/use-desk";
import { type Step, STEPS, stepOf } from "./steps";

/** Narrower, the card would lie over what one is told to press. */
const MIN_WIDTH_FOR_CARD = 1100;
const TIMELINE = /\/conversations\/[^/]+\/timeline$/;

interface Kept {
  done: readonly Step[];
  isOpen: boolean;
}

/** How far one has come with the first steps; kept in this browser. */
export function useSteps() {
  const store = useDeskStore();
  const keptAs = `pagedesk-first-steps-${store.agentId}`;
  const [kept, setKept] = useState<Kept>(() => readKept(keptAs));
  const { pathname } = useLocation();

  useEffect(() => localStorage.setItem(keptAs, JSON.stringify(kept)), [keptAs, kept]);

  useEffect(() => {
    const tick = (steps: readonly Step[]) =>
      setKept((former) => {
        const implied = steps.includes("accept") ? ["write" as const, ...steps] : steps;
        const more = implied.filter((step) => !former.done.includes(step));
        return more.length === 0 ? former : { ...former, done: [...former.done, ...new Set(more)] };
      });
    if (TIMELINE.test(pathname)) {
      tick(["why"]);
    }
    return store.onEvents((events) => {
      tick(events.map((event) => stepOf(event, store.agentId)).filter((step) => step !== null));
    });
  }, [store, pathname]);

  return {
    done: new Set(kept.done),
    isOpen: kept.isOpen,
    setOpen: (isOpen: boolean) => setKept((former) => ({ ...former, isOpen })),
    startAnew: () => setKept({ done: [], isOpen: true }),
  };
}

function readKept(name: string): Kept {
  try {
    const read = JSON.parse(localStorage.getItem(name) ?? "{}") as Partial<Kept>;
    return { done: STEPS.filter((step) => read.done?.includes(step)), isOpen: read.isOpen ?? innerWidth >= MIN_WIDTH_FOR_CARD };
  } catch {
    return { done: [], isOpen: innerWidth >= MIN_WIDTH_FOR_CARD };
  }
}
