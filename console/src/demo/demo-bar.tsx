import "./demo.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import { useNotice } from "../ui/notices";
import { useSecond } from "../ui/use-second";
import { JourneySheet } from "./journey-sheet";
import { StepsCard } from "./steps-card";
import { STEPS } from "./steps";
import type { Demo, Journey } from "./use-demo";
import { useSteps } from "./use-steps";

const HOUR_SECONDS = 3600;

/** Above everything of a demo: the desk's clock and what moves it, the customers' side, the first steps. */
export function DemoBar({ demo }: { demo: Demo }) {
  const { t } = useLingui();
  const say = useNotice();
  const [journey, setJourney] = useState<Journey | null>(null);
  const [going, setGoing] = useState<number | null>(null);
  const { signIn } = useRouteContext({ strict: false });
  const isAgent = signIn?.agent.role === "agent";
  const { done, isOpen, setOpen, startAnew } = useSteps();

  async function travel(seconds: number) {
    setGoing(seconds);
    try {
      setJourney(await bodyOf(api.POST("/v1/demo/travel", { body: { seconds } })));
    } catch (error) {
      say(textOf(error));
    } finally {
      setGoing(null);
    }
  }

  const lengths = [
    { seconds: HOUR_SECONDS, text: t`+1 h` },
    { seconds: 24 * HOUR_SECONDS, text: t`+24 h` },
    { seconds: 7 * 24 * HOUR_SECONDS, text: t`+7 d` },
  ];
  const shows = isOpen && isAgent;
  return (
    <aside className="demo-bar" aria-label={t`Demo`}>
      <Clock />
      <span className="travel" role="group" aria-label={t`Let time pass`}>
        {lengths.map(({ seconds, text }) => (
          <Button
            key={seconds}
            className="button"
            isDisabled={!demo.time_travel || going !== null}
            isPending={going === seconds}
            onPress={() => void travel(seconds)}
          >
            {text}
          </Button>
        ))}
      </span>
      {!demo.time_travel && (
        <span className="small stands">
          <Trans>
            Time cannot be moved here. This command starts a demo where it can: <code>{demo.command}</code>
          </Trans>
        </span>
      )}
      <span className="grow" />
      <a className="button" href={demo.sandbox_url} target="_blank" rel="noopener noreferrer">
        <Trans>Write as customer</Trans> <span aria-hidden>↗</span>
      </a>
      {isAgent && (
        <Button className="button" aria-expanded={isOpen} onPress={() => setOpen(!isOpen)}>
          <Trans>
            First steps {done.size}/{STEPS.length}
          </Trans>
        </Button>
      )}
      {shows && <StepsCard done={done} demo={demo} onClose={() => setOpen(false)} onAnew={startAnew} />}
      {journey !== null && <JourneySheet journey={journey} onClose={() => setJourney(null)} />}
    </aside>
  );
}

/** The desk's time, which is not the browser's after a journey. */
function Clock() {
  const { i18n, t } = useLingui();
  const now = useSecond();
  return (
    <time className="demo-clock" dateTime={new Date(now).toISOString()} title={t`The desk's clock`}>
      {i18n.date(new Date(now), { weekday: "short", day: "numeric", month: "short" })}{" "}
      <b>{i18n.date(new Date(now), { timeStyle: "medium" })}</b>
    </time>
  );
}
