import { useState } from "react";
import { timeLeft } from "../ui/durations";
import { useSecond } from "../ui/use-second";

const RADIUS = 17;
const LENGTH = 2 * Math.PI * RADIUS;

/** The time that is left of an offer, as a ring that empties; full is what was left when it was first shown. */
export function Ring({ until }: { until: string }) {
  const now = useSecond();
  const left = Math.max(0, Date.parse(until) - now);
  const [whole] = useState(Math.max(left, 1));
  return (
    <svg className="ring" viewBox="0 0 40 40" role="timer" aria-label={timeLeft(left)}>
      <circle cx="20" cy="20" r={RADIUS} className="ring-ground" />
      <circle
        cx="20"
        cy="20"
        r={RADIUS}
        className="ring-left"
        strokeDasharray={LENGTH}
        strokeDashoffset={LENGTH * (1 - Math.min(1, left / whole))}
        transform="rotate(-90 20 20)"
      />
      <text x="20" y="24" textAnchor="middle">
        {timeLeft(left)}
      </text>
    </svg>
  );
}
