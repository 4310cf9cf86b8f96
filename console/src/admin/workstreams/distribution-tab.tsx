import { Trans, useLingui } from "@lingui/react/macro";
import { api } from "../../api/client";
import { useChanged } from "../kit/data";
import { Checks, Choice, NumberInput, Radios, Toggle } from "../kit/fields";
import { named, useProfiles, useQueues } from "../kit/choices";
import { AdminLink } from "../kit/screen";
import { SettingsForm } from "../kit/settings-form";
import type { Schemas, Workstream } from "../kit/types";
import { MODES, OFFERABLE, PRESENCES, SKILL_MATCHING } from "./names";

type Distribution = Schemas["WorkDistributionView"];

/** How conversations of a workstream are shared out. */
export function DistributionTab({ workstream }: { workstream: Workstream }) {
  const { t, i18n } = useLingui();
  const changed = useChanged();
  const queues = useQueues();
  const profiles = useProfiles();
  const field = (name: string) => `work_distribution.${name}`;

  async function save({ notification: _unchanged, ...distribution }: Distribution) {
    await api.PATCH("/v1/workstreams/{workstream_id}", {
      params: { path: { workstream_id: workstream.id } },
      body: { work_distribution: distribution },
    });
    await changed("workstream");
  }
  return (
    <div className="panel">
      <SettingsForm settings={workstream.work_distribution} save={save}>
        {(draft, change) => (
          <>
        <Radios
          label={t`Mode`}
          name={field("mode")}
          value={draft.mode}
          onChange={(mode) => change({ mode: mode ?? "push" })}
          options={(["push", "pick"] as const).map((id) => ({
            id,
            label: i18n._(MODES[id].label),
            hint: i18n._(MODES[id].hint),
          }))}
          hint={t`It can be changed while all conversations of the workstream are closed.`}
        />
        <Choice
          label={t`Fallback queue`}
          name={field("fallback_queue_id")}
          value={draft.fallback_queue_id ?? "default"}
          onChange={(id) => change({ fallback_queue_id: id })}
          options={named(queues.data)}
          hint={t`Takes what no rule leads to a queue.`}
        />
        <fieldset>
          <legend>
            <Trans>Capacity</Trans>
          </legend>
          <NumberInput
            label={t`Capacity of one conversation`}
            name={field("need.units")}
            value={draft.need.units ?? 1}
            onChange={(units) => change({ need: { ...draft.need, units: units ?? 0 } })}
            min={0}
            unit={t`units`}
          />
          <Checks
            label={t`Capacity profiles`}
            name={field("need.profiles")}
            value={draft.need.profiles ?? []}
            onChange={(ids) => change({ need: { ...draft.need, profiles: ids } })}
            options={named(profiles.data)}
            empty={<Trans>There are none.</Trans>}
          />
          <Toggle
            label={t`Agents without room cannot pick`}
            name={field("picking_heeds_capacity")}
            value={draft.picking_heeds_capacity}
            onChange={(heeds) => change({ picking_heeds_capacity: heeds })}
          />
          <Toggle
            label={t`Agents without room cannot be transferred to`}
            name={field("transfer_heeds_capacity")}
            value={draft.transfer_heeds_capacity}
            onChange={(heeds) => change({ transfer_heeds_capacity: heeds })}
          />
          <Choice
            label={t`Wrap-up takes room`}
            name={field("wrap_up.block")}
            value={draft.wrap_up.block ?? "always"}
            onChange={(block) => change({ wrap_up: { ...draft.wrap_up, block: block ?? "always" } })}
            options={[
              { id: "always", label: t`as long as it lasts` },
              { id: "seconds", label: t`for some seconds` },
              { id: "never", label: t`never` },
            ]}
          />
          {draft.wrap_up.block === "seconds" && (
            <NumberInput
              label={t`For`}
              name={field("wrap_up.seconds")}
              value={draft.wrap_up.seconds ?? 60}
              onChange={(seconds) => change({ wrap_up: { ...draft.wrap_up, seconds: seconds ?? 60 } })}
              min={0}
              unit={t`seconds`}
            />
          )}
        </fieldset>
        {draft.mode === "push" && (
          <fieldset>
            <legend>
              <Trans>Who is asked</Trans>
            </legend>
            <Checks
              label={t`Offered to agents who are`}
              name={field("allowed_presences")}
              value={draft.allowed_presences}
              onChange={(ids) => change({ allowed_presences: ids as Distribution["allowed_presences"] })}
              options={OFFERABLE.map((id) => ({ id, label: i18n._(PRESENCES[id]) }))}
            />
            <Radios
              label={t`Skills`}
              name={field("skill_matching")}
              value={draft.skill_matching}
              onChange={(matching) => change({ skill_matching: matching ?? "exact" })}
              options={(["exact", "closest", "none"] as const).map((id) => ({
                id,
                label: i18n._(SKILL_MATCHING[id].label),
                hint: i18n._(SKILL_MATCHING[id].hint),
              }))}
            />
            <Toggle
              label={t`First the agent who had this customer before`}
              name={field("affinity")}
              value={draft.affinity}
              onChange={(affinity) => change({ affinity })}
            />
            <NumberInput
              label={t`Reserved for that agent for`}
              name={field("reservation_seconds")}
              value={draft.reservation_seconds}
              onChange={(seconds) => change({ reservation_seconds: seconds ?? 0 })}
              min={0}
              unit={t`seconds`}
            />
            <Choice
              label={t`After that`}
              name={field("after_reservation")}
              value={draft.after_reservation}
              onChange={(after) => change({ after_reservation: after ?? "anyone" })}
              options={[
                { id: "anyone", label: t`anyone is asked` },
                { id: "keep", label: t`it goes on waiting for that agent` },
              ]}
            />
            <Toggle
              label={t`Agents may also pick`}
              name={field("allow_picking")}
              value={draft.allow_picking}
              onChange={(allows) => change({ allow_picking: allows })}
            />
          </fieldset>
        )}
        <Choice
          label={t`When an agent is gone`}
          name={field("when_agent_gone")}
          value={draft.when_agent_gone}
          onChange={(gone) => change({ when_agent_gone: gone ?? "return" })}
          options={[
            { id: "return", label: t`their conversations go back to the queue` },
            { id: "keep", label: t`their conversations stay theirs` },
          ]}
        />
          </>
        )}
      </SettingsForm>
      <div className="wizard-buttons">
        <AdminLink to={`workstreams/${workstream.id}/advanced`} className="button">
          <Trans>Next: advanced settings</Trans>
        </AdminLink>
      </div>
    </div>
  );
}
