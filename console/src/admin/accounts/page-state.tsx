import { useLingui } from "@lingui/react/macro";
import { problemsOf } from "../health/pages";
import type { FacebookPage } from "../kit/types";

/** A page's provisioning state, as a word and a shape. */
export function PageState({ page }: { page: FacebookPage }) {
  const { t } = useLingui();
  const isWell = problemsOf(page).length === 0;
  const known: Record<string, [kind: string, icon: string, word: string]> = {
    Running: isWell ? ["ok", "✓", t`Running`] : ["warn", "!", t`Running, needs a look`],
    Provisioning: ["outline", "…", t`Provisioning`],
    Problem: ["bad", "×", t`Problem`],
  };
  const [kind, icon, word] = known[page.provisioning_state] ?? ["outline", "", page.provisioning_state];
  return (
    <span className={`badge ${kind}`}>
      <span className="badge-icon" aria-hidden>
        {icon}
      </span>
      <span>{word}</span>
    </span>
  );
}
