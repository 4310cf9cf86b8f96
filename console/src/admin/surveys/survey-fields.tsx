import { useLingui } from "@lingui/react/macro";
import { Choice, NumberInput, Radios, TextInput, Toggle } from "../kit/fields";
import type { Schemas } from "../kit/types";
import { LanguageTexts } from "../messages/automated-editor";
import { QUESTIONS, type Question, WAYS, type Way } from "./names";

type PageSurvey = Schemas["PageSurvey"];

const WEEK_HOURS = 168;

/** A page's survey after an ending. */
export function SurveyFields({ survey, change }: { survey: PageSurvey; change: (changes: Partial<PageSurvey>) => void }) {
  const { t, i18n } = useLingui();
  const way = survey.way ?? "link";
  const needsPrivacyUrl = way === "template" || survey.late_by_template === true;
  return (
    <>
      <Toggle
        label={t`Ask customers after a conversation`}
        name="active"
        value={survey.active}
        onChange={(active) => change({ active })}
      />
      {survey.active && (
        <>
          <Choice
            label={t`Question`}
            name="question"
            value={survey.question ?? "csat"}
            onChange={(question) => change({ question: question ?? "csat" })}
            options={(Object.keys(QUESTIONS) as Question[]).map((id) => ({ id, label: i18n._(QUESTIONS[id]) }))}
          />
          <Radios
            label={t`How it is asked`}
            name="way"
            value={way}
            onChange={(given) => change({ way: given ?? "link" })}
            options={(Object.keys(WAYS) as Way[]).map((id) => ({
              id,
              label: i18n._(WAYS[id].label),
              hint: i18n._(WAYS[id].hint),
            }))}
          />
          {way !== "template" && (
            <Toggle
              label={t`After 24 hours, by Meta's template`}
              name="late_by_template"
              value={survey.late_by_template ?? false}
              onChange={(late) => change({ late_by_template: late })}
              hint={t`Otherwise a survey that is due after the window is not sent.`}
            />
          )}
          {needsPrivacyUrl && (
            <TextInput
              label={t`Address of your privacy policy`}
              name="privacy_url"
              type="url"
              value={survey.privacy_url ?? ""}
              onChange={(url) => change({ privacy_url: url === "" ? null : url })}
              isRequired
            />
          )}
          <div className="fields">
            <NumberInput
              label={t`Sent after`}
              name="delay_minutes"
              value={survey.delay_minutes ?? 0}
              onChange={(minutes) => change({ delay_minutes: minutes ?? 0 })}
              min={0}
              unit={t`minutes`}
            />
            <NumberInput
              label={t`Reminder after`}
              name="reminder_after_minutes"
              value={survey.reminder_after_minutes ?? null}
              onChange={(minutes) => change({ reminder_after_minutes: minutes })}
              min={1}
              unit={t`minutes`}
              hint={t`Empty: none`}
            />
            <NumberInput
              label={t`Open for`}
              name="expires_after_hours"
              value={survey.expires_after_hours ?? WEEK_HOURS}
              onChange={(hours) => change({ expires_after_hours: hours ?? WEEK_HOURS })}
              min={1}
              unit={t`hours`}
            />
            <NumberInput
              label={t`The same person again after`}
              name="cool_down_days"
              value={survey.cool_down_days ?? 0}
              onChange={(days) => change({ cool_down_days: days ?? 0 })}
              min={0}
              unit={t`days`}
            />
          </div>
          <LanguageTexts
            texts={(survey.texts ?? {}) as Record<string, string>}
            onChange={(texts) => change({ texts })}
            first="en"
          />
        </>
      )}
    </>
  );
}
