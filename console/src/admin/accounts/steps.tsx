import { Trans } from "@lingui/react/macro";
import { AdminLink } from "../kit/screen";

export interface Step {
  id: string;
  title: string;
  hint: string;
  isDone: boolean;
  /** Where it is; null while one cannot go there. */
  to: string | null;
}

/** The steps of a wizard: which are done, and where one is. */
export function Steps({ label, steps, current }: { label: string; steps: readonly Step[]; current: string }) {
  return (
    <ol className="steps" aria-label={label}>
      {steps.map((step) => {
        const words = (
          <>
            <b>{step.title}</b>
            <span dir="auto">{step.hint}</span>
            {step.isDone && (
              <span className="visually-hidden">
                <Trans>done</Trans>
              </span>
            )}
          </>
        );
        return (
          <li key={step.id} data-state={step.isDone ? "done" : undefined} aria-current={step.id === current ? "step" : undefined}>
            {step.to === null || step.id === current ? words : <AdminLink to={step.to}>{words}</AdminLink>}
          </li>
        );
      })}
    </ol>
  );
}
