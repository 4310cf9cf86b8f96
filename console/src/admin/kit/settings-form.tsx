import { useLingui } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { useNotice } from "../../ui/notices";
import { EditForm } from "./form";
import { ChangedMeanwhile } from "./meanwhile";

interface SettingsFormProps<Settings extends object> {
  /** As they are saved. Until something is edited the form shows them live. */
  settings: Settings;
  /** Saves them, and has them read anew. */
  save: (settings: Settings) => Promise<unknown>;
  children: (settings: Settings, change: (changes: Partial<Settings>) => void) => ReactNode;
}

/** A form of settings that stays where it is when it is saved. */
export function SettingsForm<Settings extends object>({ settings, save, children }: SettingsFormProps<Settings>) {
  const { t } = useLingui();
  const say = useNotice();
  const [edited, setEdited] = useState<{ draft: Settings; begunWith: Settings } | null>(null);
  const [isSaving, setSaving] = useState(false);
  // What changes while one saves is one's own change.
  const isOthers = edited !== null && !isSaving && JSON.stringify(edited.begunWith) !== JSON.stringify(settings);
  const shown = edited?.draft ?? settings;
  const change = (changes: Partial<Settings>) =>
    setEdited((former) => ({
      draft: { ...(former?.draft ?? settings), ...changes },
      begunWith: former?.begunWith ?? settings,
    }));

  async function submit() {
    setSaving(true);
    try {
      await save(shown);
      setEdited(null);
      say(t`Saved`);
    } finally {
      setSaving(false);
    }
  }
  return (
    <>
      {isOthers && (
        <ChangedMeanwhile
          theirs={settings}
          mine={shown}
          onTheirs={() => setEdited(null)}
          onMine={() => setEdited({ draft: shown, begunWith: settings })}
        />
      )}
      <EditForm onSave={submit} isDisabled={isOthers}>
        {children(shown, change)}
      </EditForm>
    </>
  );
}
