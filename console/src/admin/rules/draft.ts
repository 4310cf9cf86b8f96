import type { Schemas } from "../kit/types";
import { type ConditionValue, parsedValue, typedValue, type Operator } from "./fields";

export type RuleSet = Schemas["RuleSetView"];
type Rule = Schemas["RuleView"];
type Group = Schemas["ConditionsInput-Output"];

export interface ConditionDraft {
  key: string;
  field: string;
  operator: Operator;
  /** As it is typed: a list has commas. */
  typed: string;
}

/** A group within a group is kept as it is; it cannot be changed here. */
interface NestedDraft {
  key: string;
  group: Group;
}

export interface RuleDraft {
  /** Its own while it is edited; `id` is the server's. */
  key: string;
  id: string | null;
  name: string;
  active: boolean;
  needed: "all" | "any";
  conditions: ConditionDraft[];
  nested: NestedDraft[];
  targets: { queue_id: string; percent: number }[];
  overflow: Rule["overflow"];
  skills: { skill_id: string; rating: number }[];
  priority: number | null;
  profiles: string[];
  context: Record<string, string | number>;
}

export interface RuleSetDraft {
  kind: Schemas["RuleSetKind"];
  name: string;
  position: number;
  active: boolean;
  rules: RuleDraft[];
}

const key = () => crypto.randomUUID();

export function newCondition(): ConditionDraft {
  return { key: key(), field: "customer_name", operator: "equals", typed: "" };
}

export function newRule(name: string): RuleDraft {
  return {
    key: key(),
    id: null,
    name,
    active: true,
    needed: "all",
    conditions: [],
    nested: [],
    targets: [{ queue_id: "default", percent: 100 }],
    overflow: null,
    skills: [],
    priority: null,
    profiles: [],
    context: {},
  };
}

function isGroup(item: object): item is Group {
  return !("field" in item);
}

function ruleDraft(rule: Rule): RuleDraft {
  const items = rule.conditions.items ?? [];
  return {
    ...newRule(rule.name),
    id: rule.id,
    active: rule.active,
    needed: rule.conditions.needed ?? "all",
    conditions: items
      .filter((item) => !isGroup(item))
      .map((item) => {
        const condition = item as Schemas["ConditionInput"];
        return { key: key(), field: condition.field, operator: condition.operator, typed: typedValue(condition.value) };
      }),
    nested: items.filter(isGroup).map((group) => ({ key: key(), group })),
    targets: (rule.targets ?? []).map((target) => ({ queue_id: target.queue_id, percent: target.percent ?? 100 })),
    overflow: rule.overflow ?? null,
    skills: (rule.outputs?.skills ?? []).map((skill) => ({ skill_id: skill.skill_id, rating: skill.rating ?? 1 })),
    priority: rule.outputs?.priority ?? null,
    profiles: rule.outputs?.profiles ?? [],
    context: (rule.outputs?.context ?? {}) as Record<string, string | number>,
  };
}

/** What is edited of a rule set, or of a new one. */
export function draftOf(given: RuleSet | null, kind: RuleSetDraft["kind"]): RuleSetDraft {
  return given === null
    ? { kind, name: "", position: 0, active: true, rules: [] }
    : {
        kind: given.kind,
        name: given.name,
        position: given.position,
        active: given.active,
        rules: given.rules.map(ruleDraft),
      };
}

/** The body that saves it, or tries it. */
export function bodyOf(draft: RuleSetDraft): Schemas["RuleSetInput"] {
  return {
    kind: draft.kind,
    name: draft.name.trim(),
    position: draft.position,
    active: draft.active,
    rules: draft.rules.map((rule) => ({
      id: rule.id,
      name: rule.name.trim(),
      active: rule.active,
      conditions: {
        needed: rule.needed,
        items: [
          ...rule.conditions.map(({ field, operator, typed }) => ({
            field,
            operator,
            value: parsedValue(field, operator, typed) as ConditionValue,
          })),
          ...rule.nested.map((each) => each.group),
        ],
      },
      ...(draft.kind === "route"
        ? { targets: rule.targets, overflow: rule.overflow }
        : {
            outputs: {
              skills: rule.skills,
              priority: rule.priority,
              profiles: rule.profiles,
              context: rule.context,
            },
          }),
    })) as Schemas["RuleSetInput"]["rules"],
  };
}

/** The same rules with one of them moved, as far as there is room. */
export function moved<Row>(rows: readonly Row[], from: number, to: number): Row[] {
  if (to < 0 || to >= rows.length || from === to) {
    return [...rows];
  }
  const rest = rows.filter((_, index) => index !== from);
  return rest.toSpliced(to, 0, ...rows.slice(from, from + 1));
}
