import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Label, Radio, RadioGroup } from "react-aria-components";
import { chooseLanguage, type Language } from "../locales/language";
import { changePreferences, type Preferences, usePreferences } from "../store/preferences";

const THEMES = { system: msg`As the system`, light: msg`Light`, dark: msg`Dark` } as const satisfies Record<Preferences["theme"], unknown>;
/** Each in its own words, so that everybody finds theirs. */
const LANGUAGE_NAMES = { en: "English", de: "Deutsch" } as const satisfies Record<Language, string>;

/** Language and theme. */
export function LookSettings() {
  const { i18n } = useLingui();
  const { theme } = usePreferences();
  return (
    <section>
      <h2>
        <Trans>Look</Trans>
      </h2>
      <RadioGroup className="choices" value={i18n.locale} onChange={(chosen) => void chooseLanguage(chosen as Language)}>
        <Label>
          <Trans>Language</Trans>
        </Label>
        {Object.entries(LANGUAGE_NAMES).map(([language, name]) => (
          <Radio key={language} value={language} className="choice">
            <span lang={language}>{name}</span>
          </Radio>
        ))}
      </RadioGroup>
      <RadioGroup className="choices" value={theme} onChange={(chosen) => changePreferences({ theme: chosen as Preferences["theme"] })}>
        <Label>
          <Trans>Theme</Trans>
        </Label>
        {Object.entries(THEMES).map(([name, title]) => (
          <Radio key={name} value={name} className="choice">
            {i18n._(title)}
          </Radio>
        ))}
      </RadioGroup>
    </section>
  );
}
