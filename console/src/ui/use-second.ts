import { useSyncExternalStore } from "react";
import { currentSecond, onSecond } from "../live/clock";

/** The desk's time in milliseconds, in whole seconds; the component is drawn anew each second. */
export function useSecond(): number {
  return useSyncExternalStore(onSecond, currentSecond) * 1000;
}
