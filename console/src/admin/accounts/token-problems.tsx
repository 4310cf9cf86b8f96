import { useLingui } from "@lingui/react/macro";
import type { PageProblem } from "../kit/types";
import { metaCode } from "../health/pages";
import { PAGE_PROBLEMS } from "../health/problem-texts";

/** What Meta says against a token that is not saved yet, each with what to do. */
export function TokenProblems({ problems }: { problems: readonly PageProblem[] }) {
  const { i18n } = useLingui();
  return (
    <div role="alert" className="stack">
      {problems.map((problem) => {
        const known = PAGE_PROBLEMS[problem.code];
        const code = metaCode(problem);
        return (
          <div key={problem.code} className="notice bad">
            <b>{known === undefined ? problem.detail : i18n._(known.what)}</b>
            <div>{known === undefined ? problem.remedy : i18n._(known.remedy)}</div>
            <code className="small">{code === "" ? problem.code : `${problem.code} · Meta ${code}`}</code>
          </div>
        );
      })}
    </div>
  );
}
