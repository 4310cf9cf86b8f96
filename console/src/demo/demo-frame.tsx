import { lazy, type ReactNode, Suspense } from "react";
import { useDemo } from "./use-demo";

const DemoBar = lazy(() => import("./demo-bar").then((loaded) => ({ default: loaded.DemoBar })));

/** The console; in a demo, and only there, with the demo's bar above. */
export function DemoFrame({ children }: { children: ReactNode }) {
  const demo = useDemo();
  return (
    <div className="shell">
      {demo !== null && (
        <Suspense>
          <DemoBar demo={demo} />
        </Suspense>
      )}
      {children}
    </div>
  );
}
