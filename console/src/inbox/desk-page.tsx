import type { ReactNode } from "react";
import { ConnectionBar } from "./connection-bar";
import { Navigation } from "./navigation";

/** A page of its own beside the navigation. `place`: which entry of the navigation it belongs to. */
export function DeskPage({ place, children }: { place: "board" | "search" | "settings" | null; children: ReactNode }) {
  return (
    <div className="desk one-page">
      <ConnectionBar />
      <Navigation current={place} />
      {children}
    </div>
  );
}
