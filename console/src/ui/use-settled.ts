import { useEffect, useState } from "react";

const SETTLING_MILLISECONDS = 250;

/** A value once it has not changed for a moment: what is typed, when the typing pauses. */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLING_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
