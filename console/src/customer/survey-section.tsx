import { Trans } from "@lingui/react/macro";
import { SurveyOutcome, useEndPreview } from "../actions/survey-preview";
import type { Conversation } from "../api/types";
import { Read, Section } from "./section";

/** Whether a survey follows when the conversation ends, and why not. */
export function SurveySection({ row }: { row: Conversation }) {
  const preview = useEndPreview(row);
  return (
    <Section title={<Trans>Survey at the end</Trans>}>
      <Read query={preview}>
        {({ survey, refused_by: refusedBy }) => (
          <p className="small">
            {refusedBy === null ? <SurveyOutcome survey={survey} /> : <Trans>You cannot end it now.</Trans>}
          </p>
        )}
      </Read>
    </Section>
  );
}
