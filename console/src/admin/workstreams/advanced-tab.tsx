import { Trans, useLingui } from "@lingui/react/macro";
import { api } from "../../api/client";
import { useChanged } from "../kit/data";
import { Choice, NumberInput, Toggle } from "../kit/fields";
import { named, useTemplates } from "../kit/choices";
import { AdminLink } from "../kit/screen";
import { SettingsForm } from "../kit/settings-form";
import type { Schemas, Workstream } from "../kit/types";

interface SessionSettings {
  session_template_id: string | null;
  auto_close_waiting_after_minutes: number | null;
  reopen_closed_within_minutes: number | null;
  window_warning_minutes: number | null;
  send_held_unseen: boolean;
  disposition_required: boolean;
  allow_automated_messages: boolean;
}
type Notification = Schemas["NotificationInput"];

/** Sessions, agent notifications, context variables, quick replies: what most workstreams leave as it is. */
export function AdvancedTab({ workstream }: { workstream: Workstream }) {
  return (
    <div className="stack">
      <Sessions workstream={workstream} />
      <Notifications workstream={workstream} />
      <section className="panel">
        <h2>
          <Trans>Context variables</Trans>
        </h2>
        <p>
          <Trans>
            They need no set-up. Agents and programs set them on a conversation, classification rules set them too, and rules,
            automated messages and session templates use them by their name.
          </Trans>
        </p>
        <AdminLink to={`workstreams/${workstream.id}/rules`}>
          <Trans>Routing rules</Trans>
        </AdminLink>
      </section>
      <section className="panel">
        <h2>
          <Trans>Quick replies</Trans>
        </h2>
        <AdminLink to="quick-replies">
          <Trans>Quick replies of all workstreams</Trans>
        </AdminLink>
      </section>
    </div>
  );
}

function Sessions({ workstream }: { workstream: Workstream }) {
  const { t } = useLingui();
  const changed = useChanged();
  const templates = useTemplates();
  const settings: SessionSettings = {
    session_template_id: workstream.session_template_id,
    auto_close_waiting_after_minutes: workstream.auto_close_waiting_after_minutes,
    reopen_closed_within_minutes: workstream.reopen_closed_within_minutes,
    window_warning_minutes: workstream.window_warning_minutes,
    send_held_unseen: workstream.send_held_unseen,
    disposition_required: workstream.disposition_required,
    allow_automated_messages: workstream.allow_automated_messages,
  };
  async function save(body: SessionSettings) {
    await api.PATCH("/v1/workstreams/{workstream_id}", {
      params: { path: { workstream_id: workstream.id } },
      body,
    });
    await changed("workstream");
  }
  return (
    <section className="panel">
      <h2>
        <Trans>Sessions</Trans>
      </h2>
      <AdminLink to="session-templates">
        <Trans>Session templates</Trans>
      </AdminLink>
      <SettingsForm settings={settings} save={save}>
        {(draft, change) => (
          <>
        <Choice
          label={t`Session template`}
          name="session_template_id"
          value={draft.session_template_id}
          onChange={(id) => change({ session_template_id: id })}
          options={named(templates.data)}
          placeholder={t`The standard one`}
          hint={t`What an agent sees beside a conversation.`}
        />
        <div className="fields">
          <NumberInput
            label={t`A waiting conversation is closed after`}
            name="auto_close_waiting_after_minutes"
            value={draft.auto_close_waiting_after_minutes}
            onChange={(minutes) => change({ auto_close_waiting_after_minutes: minutes })}
            min={1}
            unit={t`minutes`}
          />
          <NumberInput
            label={t`A closed one may be reopened within`}
            name="reopen_closed_within_minutes"
            value={draft.reopen_closed_within_minutes}
            onChange={(minutes) => change({ reopen_closed_within_minutes: minutes })}
            min={0}
            unit={t`minutes`}
            hint={t`0: closed is final`}
          />
          <NumberInput
            label={t`Warn before the window closes`}
            name="window_warning_minutes"
            value={draft.window_warning_minutes}
            onChange={(minutes) => change({ window_warning_minutes: minutes })}
            min={1}
            unit={t`minutes`}
          />
        </div>
        <Toggle
          label={t`Send held messages unseen when the customer writes`}
          name="send_held_unseen"
          value={draft.send_held_unseen}
          onChange={(unseen) => change({ send_held_unseen: unseen })}
          hint={t`Otherwise they are offered to the agent, who looks at them first.`}
        />
        <Toggle
          label={t`A disposition code is needed to end`}
          name="disposition_required"
          value={draft.disposition_required}
          onChange={(isRequired) => change({ disposition_required: isRequired })}
        />
        <Toggle
          label={t`Automated messages`}
          name="allow_automated_messages"
          value={draft.allow_automated_messages}
          onChange={(allows) => change({ allow_automated_messages: allows })}
        />
          </>
        )}
      </SettingsForm>
    </section>
  );
}

function Notifications({ workstream }: { workstream: Workstream }) {
  const { t } = useLingui();
  const changed = useChanged();
  async function save(notification: Notification) {
    await api.PATCH("/v1/workstreams/{workstream_id}", {
      params: { path: { workstream_id: workstream.id } },
      body: { work_distribution: { notification } },
    });
    await changed("workstream");
  }
  const toggles: [name: Exclude<keyof Notification, "countdown_seconds">, label: string][] = [
    ["show_countdown", t`Show the countdown`],
    ["reject_button", t`Agents may decline`],
    ["auto_accept", t`Accept by itself at the end of the countdown`],
    ["auto_assign", t`Assign without asking`],
    ["missed_sets_inactive", t`Who misses an offer becomes inactive`],
    ["declined_sets_do_not_disturb", t`Who declines an offer is not disturbed`],
  ];
  return (
    <section className="panel">
      <h2>
        <Trans>Agent notifications</Trans>
      </h2>
      <SettingsForm settings={workstream.work_distribution.notification} save={save}>
        {(draft, change) => (
          <>
        <NumberInput
          label={t`An offer stands for`}
          name="work_distribution.notification.countdown_seconds"
          value={draft.countdown_seconds ?? null}
          onChange={(seconds) => change({ countdown_seconds: seconds ?? 0 })}
          min={1}
          unit={t`seconds`}
        />
        {toggles.map(([name, label]) => (
          <Toggle
            key={name}
            label={label}
            name={`work_distribution.notification.${name}`}
            value={draft[name] ?? false}
            onChange={(isOn) => change({ [name]: isOn })}
          />
        ))}
          </>
        )}
      </SettingsForm>
    </section>
  );
}
