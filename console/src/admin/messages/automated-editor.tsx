import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { Choice, TextInput, Toggle } from "../kit/fields";
import { EditForm, useDraft } from "../kit/form";
import { LANGUAGE_TAGS, languageName } from "../kit/choices";
import type { Schemas } from "../kit/types";

export type AutomatedText = Schemas["AutomatedMessageInput"];

type Row = Schemas["AutomatedMessageView"];

interface EditorProps {
  /** What is edited: a message as it is on its level, or as it was edited before. */
  value: AutomatedText;
  /** The texts that are sent as long as there is none of its own. */
  otherwise: Record<string, string>;
  /** The page's, in which a first text is begun. */
  language: string;
  saveLabel?: string;
  onSave: (text: AutomatedText) => Promise<unknown>;
}

/** What a level itself has of a message: texts of the levels below are not its own. */
export function ownOf(row: Row, level: "page" | "channel"): AutomatedText {
  return {
    active: row.active,
    description: row.description,
    fallback_language: row.texts_level === level ? row.fallback_language : null,
    texts: row.texts_level === level ? row.texts : {},
  };
}

const PLACEHOLDERS = ["{CustomerName|…}", "{AgentName|…}", "{PageName}", "{QueueName}", "{$Name$|…}"];

/** Whether a message is sent, and its own texts by language; without any the stock text is sent. */
export function AutomatedEditor({ value, otherwise, language, saveLabel, onSave }: EditorProps) {
  const { t, i18n } = useLingui();
  const [draft, change] = useDraft(() => ({ active: value.active, texts: { ...value.texts } as Record<string, string> }));
  function save() {
    const texts = Object.fromEntries(Object.entries(draft.texts).filter(([, text]) => text.trim() !== ""));
    const tags = Object.keys(texts);
    const fallback = value.fallback_language ?? null;
    return onSave({
      active: draft.active,
      description: value.description ?? null,
      texts,
      fallback_language: fallback !== null && tags.includes(fallback) ? fallback : (tags[0] ?? null),
    });
  }
  return (
    <EditForm onSave={save} saveLabel={saveLabel}>
      <Toggle label={t`Send this message`} name="active" value={draft.active} onChange={(active) => change({ active })} />
      <LanguageTexts texts={draft.texts} onChange={(texts) => change({ texts })} first={language} />
      {Object.keys(draft.texts).length === 0 &&
        Object.entries(otherwise).map(([tag, text]) => (
          <div key={tag}>
            <div className="small">
              <Trans>Sent now in {languageName(tag, i18n.locale)}</Trans>
            </div>
            <div className="preview-bubble" lang={tag} dir="auto">
              {text}
            </div>
          </div>
        ))}
      <p className="small">
        <Trans>Without a text of your own the stock text is sent. Placeholders:</Trans> <code>{PLACEHOLDERS.join(" ")}</code>
      </p>
    </EditForm>
  );
}

interface LanguageTextsProps {
  texts: Record<string, string>;
  onChange: (texts: Record<string, string>) => void;
  first: string;
  name?: string;
}

/** Texts by language, and a choice of another language. */
export function LanguageTexts({ texts, onChange, first, name = "texts" }: LanguageTextsProps) {
  const { t, i18n } = useLingui();
  const shown = Object.keys(texts);
  const others = LANGUAGE_TAGS.filter((tag) => !shown.includes(tag));
  const [next, setNext] = useState<string | null>(null);
  const chosen = next !== null && others.includes(next) ? next : others.includes(first) ? first : (others[0] ?? null);
  return (
    <>
      {shown.map((tag) => (
        <TextInput
          key={tag}
          label={t`Text in ${languageName(tag, i18n.locale)}`}
          name={`${name}.${tag}`}
          value={texts[tag] ?? ""}
          onChange={(text) => onChange({ ...texts, [tag]: text })}
          isLong
        />
      ))}
      {chosen !== null && (
        <div className="row-form">
          <Choice
            label={t`Another language`}
            name="language"
            value={chosen}
            onChange={setNext}
            options={others.map((id) => ({ id, label: languageName(id, i18n.locale) }))}
          />
          <Button className="button" onPress={() => onChange({ ...texts, [chosen]: "" })}>
            <Trans>Add a text</Trans>
          </Button>
        </div>
      )}
    </>
  );
}
