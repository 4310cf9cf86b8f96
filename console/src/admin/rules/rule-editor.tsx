import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { Checks, Choice, NumberInput, TextInput, Toggle } from "../kit/fields";
import { named, useProfiles, useQueues, useSkills } from "../kit/choices";
import { type ConditionDraft, newCondition, type RuleDraft, type RuleSetDraft } from "./draft";
import { type Operator, OPERATORS, operatorsOf, RULE_FIELDS } from "./fields";
import { RemoveButton } from "../kit/remove-button";

interface RuleEditorProps {
  rule: RuleDraft;
  kind: RuleSetDraft["kind"];
  /** Where it is in the body that is saved. */
  path: string;
  change: (changes: Partial<RuleDraft>) => void;
  onRemove: () => void;
}

/** One rule: its name, its conditions as rows, and what it does. */
export function RuleEditor({ rule, kind, path, change, onRemove }: RuleEditorProps) {
  const { t } = useLingui();
  const set = (changed: ConditionDraft) =>
    change({ conditions: rule.conditions.map((each) => (each.key === changed.key ? changed : each)) });
  return (
    <fieldset>
      <TextInput
        label={t`Name of the rule`}
        name={`${path}.name`}
        value={rule.name}
        onChange={(name) => change({ name })}
        isRequired
      />
      <Toggle label={t`In use`} name={`${path}.active`} value={rule.active} onChange={(active) => change({ active })} />
      <Choice
        label={t`It fits where`}
        name={`${path}.conditions.needed`}
        value={rule.needed}
        onChange={(needed) => change({ needed: needed ?? "all" })}
        options={[
          { id: "all", label: t`all conditions hold` },
          { id: "any", label: t`any condition holds` },
        ]}
        hint={rule.conditions.length + rule.nested.length === 0 ? t`Without conditions it always fits.` : undefined}
      />
      {rule.conditions.map((condition, index) => (
        <ConditionRow
          key={condition.key}
          condition={condition}
          path={`${path}.conditions.items.${index}`}
          onChange={set}
          onRemove={() => change({ conditions: rule.conditions.filter((each) => each.key !== condition.key) })}
        />
      ))}
      {rule.nested.length > 0 && (
        <div className="notice">
          <Trans>This rule has groups of conditions within, made by the API. They stay as they are.</Trans>
        </div>
      )}
      <div>
        <Button className="button" onPress={() => change({ conditions: [...rule.conditions, newCondition()] })}>
          <Trans>Add a condition</Trans>
        </Button>
      </div>
      {kind === "route" ? (
        <Targets rule={rule} path={path} change={change} />
      ) : (
        <Outputs rule={rule} path={path} change={change} />
      )}
      <div className="wizard-buttons">
        <Button className="button danger" onPress={onRemove}>
          <Trans>Remove this rule</Trans>
        </Button>
      </div>
    </fieldset>
  );
}

const CONTEXT = "context.";
const CONTACT = "contact.";

interface ConditionProps {
  condition: ConditionDraft;
  path: string;
  onChange: (condition: ConditionDraft) => void;
  onRemove: () => void;
}

function ConditionRow({ condition, path, onChange, onRemove }: ConditionProps) {
  const { t, i18n } = useLingui();
  const prefix = [CONTEXT, CONTACT].find((each) => condition.field.startsWith(each));
  const operators = operatorsOf(condition.field);
  const takesValue = condition.operator !== "is_known" && condition.operator !== "is_unknown";
  function chooseField(field: string | null) {
    const chosen = field ?? "customer_name";
    const operator = operatorsOf(chosen).includes(condition.operator) ? condition.operator : (operatorsOf(chosen)[0] ?? "is_known");
    onChange({ ...condition, field: chosen, operator });
  }
  return (
    <div className="row-form" role="group" aria-label={t`Condition`}>
      <Choice
        label={t`Field`}
        name={`${path}.field`}
        value={prefix ?? condition.field}
        onChange={chooseField}
        options={[
          ...Object.entries(RULE_FIELDS).map(([id, field]) => ({ id, label: i18n._(field.name) })),
          { id: CONTEXT, label: t`Context variable…` },
          { id: CONTACT, label: t`Contact's own field…` },
        ]}
      />
      {prefix !== undefined && (
        <TextInput
          label={t`Its name`}
          name={`${path}.field`}
          value={condition.field.slice(prefix.length)}
          onChange={(name) => onChange({ ...condition, field: prefix + name })}
          isRequired
        />
      )}
      <Choice<Operator>
        label={t`Comparison`}
        name={`${path}.operator`}
        value={condition.operator}
        onChange={(operator) => onChange({ ...condition, operator: operator ?? "equals" })}
        options={operators.map((id) => ({ id, label: i18n._(OPERATORS[id]) }))}
      />
      {takesValue && (
        <TextInput
          label={t`Value`}
          name={`${path}.value`}
          value={condition.typed}
          onChange={(typed) => onChange({ ...condition, typed })}
          hint={condition.operator === "is_one_of" || condition.operator === "is_none_of" ? t`With commas between` : undefined}
        />
      )}
      <RemoveButton label={t`Remove this condition`} onPress={onRemove} />
    </div>
  );
}

type PartProps = Pick<RuleEditorProps, "rule" | "path" | "change">;
const WHOLE = 100;

function Targets({ rule, path, change }: PartProps) {
  const { t } = useLingui();
  const queues = useQueues();
  const sum = rule.targets.reduce((total, target) => total + target.percent, 0);
  const put = (index: number, changes: Partial<RuleDraft["targets"][number]>) =>
    change({ targets: rule.targets.map((each, place) => (place === index ? { ...each, ...changes } : each)) });
  return (
    <>
      {rule.targets.map((target, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a target is known by its place alone
        <div key={index} className="row-form">
          <Choice
            label={t`Queue`}
            name={`${path}.targets.${index}.queue_id`}
            value={target.queue_id}
            onChange={(id) => put(index, { queue_id: id ?? "default" })}
            options={named(queues.data)}
          />
          <NumberInput
            label={t`Share`}
            name={`${path}.targets.${index}.percent`}
            value={target.percent}
            onChange={(percent) => put(index, { percent: percent ?? 0 })}
            min={1}
            max={WHOLE}
            unit="%"
          />
          {rule.targets.length > 1 && (
            <RemoveButton label={t`Remove this queue`} onPress={() => change({ targets: rule.targets.filter((_, place) => place !== index) })} />
          )}
        </div>
      ))}
      {sum !== WHOLE && (
        <div className="notice warn">
          <Trans>The shares are {sum} % together. They must be 100 %.</Trans>
        </div>
      )}
      <div>
        <Button
          className="button"
          onPress={() => change({ targets: [...rule.targets, { queue_id: "default", percent: Math.max(1, WHOLE - sum) }] })}
        >
          <Trans>Share with another queue</Trans>
        </Button>
      </div>
    </>
  );
}

function Outputs({ rule, path, change }: PartProps) {
  const { t } = useLingui();
  const skills = useSkills();
  const profiles = useProfiles();
  const [name, setName] = useState("");
  const chosen = rule.skills.map((skill) => skill.skill_id);
  return (
    <>
      <NumberInput
        label={t`Priority`}
        name={`${path}.outputs.priority`}
        value={rule.priority}
        onChange={(priority) => change({ priority })}
        hint={t`Higher comes first. Empty: it stays as it is.`}
      />
      <Checks
        label={t`Skills that are asked for`}
        name={`${path}.outputs.skills`}
        value={chosen}
        onChange={(ids) =>
          change({ skills: ids.map((id) => rule.skills.find((each) => each.skill_id === id) ?? { skill_id: id, rating: 1 }) })
        }
        options={named(skills.data)}
        empty={<Trans>There are none.</Trans>}
      />
      {rule.skills.map((skill, index) => (
        <NumberInput
          key={skill.skill_id}
          label={t`At least, in ${skills.data?.find((each) => each.id === skill.skill_id)?.name ?? skill.skill_id}`}
          name={`${path}.outputs.skills.${index}.rating`}
          value={skill.rating}
          onChange={(rating) =>
            change({ skills: rule.skills.map((each) => (each.skill_id === skill.skill_id ? { ...each, rating: rating ?? 1 } : each)) })
          }
          min={1}
        />
      ))}
      <Checks
        label={t`Capacity profiles`}
        name={`${path}.outputs.profiles`}
        value={rule.profiles}
        onChange={(ids) => change({ profiles: ids })}
        options={named(profiles.data)}
        empty={<Trans>There are none.</Trans>}
      />
      {Object.entries(rule.context).map(([variable, value]) => (
        <div key={variable} className="row-form">
          <TextInput
            label={t`Context variable ${variable}`}
            name={`${path}.outputs.context.${variable}`}
            value={String(value)}
            onChange={(typed) => change({ context: { ...rule.context, [variable]: typed } })}
          />
          <RemoveButton label={t`Remove ${variable}`} onPress={() => change({ context: Object.fromEntries(Object.entries(rule.context).filter(([each]) => each !== variable)) })} />
        </div>
      ))}
      <div className="row-form">
        <TextInput label={t`New context variable`} name={`${path}.outputs.context`} value={name} onChange={setName} />
        <Button
          className="button"
          isDisabled={name.trim() === ""}
          onPress={() => {
            change({ context: { ...rule.context, [name.trim()]: "" } });
            setName("");
          }}
        >
          <Trans>Add</Trans>
        </Button>
      </div>
    </>
  );
}
