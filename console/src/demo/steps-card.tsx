import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "react-aria-components";
import { NEEDS_TIME_TRAVEL, nextStep, type Step, STEP_TEXTS, STEPS } from "./steps";
import type { Demo } from "./use-demo";

interface Card {
  done: ReadonlySet<Step>;
  demo: Demo;
  onClose: () => void;
  onAnew: () => void;
}

/** Leads through what one wants to have seen. Each step is ticked by what happens, not by a press. */
export function StepsCard({ done, demo, onClose, onAnew }: Card) {
  const { i18n, t } = useLingui();
  const next = nextStep(done, demo.time_travel);
  return (
    <section className="steps-card" aria-label={t`First steps`}>
      <header>
        <h2>
          <Trans>First steps</Trans>
        </h2>
        <Button className="button quiet" aria-label={t`Close the first steps`} onPress={onClose}>
          ×
        </Button>
      </header>
      <ol>
        {STEPS.map((step) => {
          const isDone = done.has(step);
          const isOff = !isDone && !demo.time_travel && NEEDS_TIME_TRAVEL.has(step);
          return (
            <li key={step} className={isDone ? "done" : step === next ? "next" : ""} aria-current={step === next ? "step" : undefined}>
              <span aria-hidden>{isDone ? "✓" : "○"}</span>
              <div>
                <b>{i18n._(STEP_TEXTS[step].title)}</b>
                {isDone && (
                  <span className="visually-hidden">
                    <Trans>done</Trans>
                  </span>
                )}
                {step === next && <p>{i18n._(STEP_TEXTS[step].how)}</p>}
                {isOff && (
                  <p className="small">
                    <Trans>where time can be moved</Trans>
                  </p>
                )}
              </div>
            </li>
          );
        })}
      </ol>
      {next === null && (
        <footer>
          <p>
            <Trans>That was the way of a conversation.</Trans>
          </p>
          <Button className="button" onPress={onAnew}>
            <Trans>Start anew</Trans>
          </Button>
        </footer>
      )}
    </section>
  );
}
