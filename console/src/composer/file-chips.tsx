import { Trans, useLingui } from "@lingui/react/macro";
import { Button, ProgressBar } from "react-aria-components";
import { textOf } from "../api/problem-texts";
import { ApiProblem } from "../api/problems";
import type { FileChip, Uploads } from "../store/uploads";
import { fileReasonText, fileSize } from "../ui/file-reasons";
import { localesOf } from "../locales/locales-of";

/** The files beside a reply: each with its own progress, its own error and its own way on. */
export function FileChips({ uploads, chips }: { uploads: Uploads; chips: readonly FileChip[] }) {
  const { t } = useLingui();
  if (chips.length === 0) {
    return null;
  }
  return (
    <ul className="chips" aria-label={t`Files`}>
      {chips.map((chip) => (
        <Chip key={chip.key} chip={chip} uploads={uploads} />
      ))}
    </ul>
  );
}

function Chip({ chip, uploads }: { chip: FileChip; uploads: Uploads }) {
  const { t, i18n } = useLingui();
  const { name } = chip;
  const mayRetry = chip.state === "failed" && chip.file !== null && (chip.problem?.isTransient ?? false);
  return (
    <li className={`chip ${chip.state}`}>
      <span className="chip-name" dir="auto" title={name}>
        {name}
      </span>
      <span className="small">
        {chip.state === "failed" && chip.problem !== null ? (
          <span role="alert">{problemText(chip.problem)}</span>
        ) : (
          fileSize(chip.bytes, localesOf(i18n))
        )}
      </span>
      {chip.state === "uploading" && (
        <ProgressBar aria-label={t`Uploading ${name}`} value={chip.progress * 100} className="chip-progress">
          {({ percentage = 0 }) => <progress aria-hidden max={100} value={percentage} />}
        </ProgressBar>
      )}
      {mayRetry && (
        <Button className="link" onPress={() => uploads.retry(chip.key)}>
          <Trans>Try again</Trans>
        </Button>
      )}
      <Button className="chip-remove" aria-label={t`Remove ${name}`} onPress={() => uploads.remove(chip.key)}>
        ×
      </Button>
    </li>
  );
}

function problemText(problem: ApiProblem): string {
  const { reason } = problem.document as { reason?: string };
  if (problem.code === "file_too_large") {
    return fileReasonText("too_large");
  }
  return problem.code === "file_refused" ? fileReasonText(reason ?? null) : textOf(problem);
}
