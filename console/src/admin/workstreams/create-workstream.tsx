import { Trans, useLingui } from "@lingui/react/macro";
import { api, bodyOf } from "../../api/client";
import { useChanged } from "../kit/data";
import { Checks, NumberInput, Radios, TextInput } from "../kit/fields";
import { EditForm, useIdempotencyKey, useKeptDraft } from "../kit/form";
import { AdminLink, Screen, useGo } from "../kit/screen";
import type { Schemas } from "../kit/types";
import { MODES, OFFERABLE, PRESENCES } from "./names";

type Mode = Schemas["DistributionMode"];

interface Draft {
  name: string;
  mode: Mode;
  units: number | null;
  presences: string[];
}

/** A workstream's first step: how its conversations reach agents. Facebook is set up next. */
export function CreateWorkstream() {
  const { t, i18n } = useLingui();
  const go = useGo();
  const changed = useChanged();
  const keyFor = useIdempotencyKey();
  const [draft, change, forget] = useKeptDraft<Draft>("workstream", {
    name: "",
    mode: "push",
    units: 1,
    presences: ["available"],
  });

  async function create() {
    const body = {
      name: draft.name.trim(),
      work_distribution: {
        mode: draft.mode,
        need: { units: draft.units ?? 1, profiles: [] },
        allowed_presences: draft.presences,
      },
    };
    const made = await bodyOf(api.POST("/v1/workstreams", { params: { header: keyFor(body) }, body: body as never }));
    forget();
    await changed("workstream");
    go(`workstreams/${made.id}/facebook/page`);
  }

  return (
    <Screen title={<Trans>New workstream</Trans>} crumb={<AdminLink to="workstreams">{t`Workstreams`}</AdminLink>}>
      <div className="panel">
        <EditForm onSave={create} saveLabel={<Trans>Create, then set up Facebook</Trans>}>
          <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
          <Radios
            label={t`Work distribution`}
            name="work_distribution.mode"
            value={draft.mode}
            onChange={(mode) => change({ mode: mode ?? "push" })}
            options={(Object.keys(MODES) as Mode[]).map((id) => ({
              id,
              label: i18n._(MODES[id].label),
              hint: i18n._(MODES[id].hint),
            }))}
          />
          <NumberInput
            label={t`Capacity of one conversation`}
            name="work_distribution.need.units"
            value={draft.units}
            onChange={(units) => change({ units })}
            min={0}
            unit={t`units`}
            hint={t`How many of an agent's units it takes.`}
          />
          <Checks
            label={t`Offered to agents who are`}
            name="work_distribution.allowed_presences"
            value={draft.presences}
            onChange={(presences) => change({ presences })}
            options={OFFERABLE.map((id) => ({ id, label: i18n._(PRESENCES[id]) }))}
          />
        </EditForm>
      </div>
    </Screen>
  );
}
