import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Schemas } from "../kit/types";

export type Operator = Schemas["Operator"];
type FieldType = "text" | "number" | "any" | "set";

/** What a rule may look at; beside these the business's own: `context.Name` and `contact.Name`. */
export const RULE_FIELDS: Record<string, { name: MessageDescriptor; type: FieldType }> = {
  customer_name: { name: msg`Customer's name`, type: "text" },
  locale: { name: msg`Customer's locale`, type: "text" },
  timezone: { name: msg`Customer's time zone`, type: "number" },
  psid: { name: msg`Customer's ID at the page (PSID)`, type: "text" },
  page_id: { name: msg`Page ID`, type: "text" },
  language: { name: msg`Language`, type: "text" },
  referral: { name: msg`Reference of the link or ad`, type: "text" },
  referral_source: { name: msg`Source of the reference`, type: "text" },
  ad_id: { name: msg`Ad`, type: "text" },
  contact_id: { name: msg`Contact`, type: "text" },
  contact_name: { name: msg`Contact's name`, type: "text" },
  contact_email: { name: msg`Contact's email`, type: "text" },
  contact_phone: { name: msg`Contact's telephone`, type: "text" },
  contact_number: { name: msg`Contact's number`, type: "text" },
  priority: { name: msg`Priority`, type: "number" },
  skills: { name: msg`Skills that are asked for`, type: "set" },
};

export const OPERATORS: Record<Operator, MessageDescriptor> = {
  equals: msg`is`,
  not_equals: msg`is not`,
  is_one_of: msg`is one of`,
  is_none_of: msg`is none of`,
  contains: msg`contains`,
  does_not_contain: msg`does not contain`,
  begins_with: msg`begins with`,
  ends_with: msg`ends with`,
  greater_than: msg`is more than`,
  at_least: msg`is at least`,
  less_than: msg`is less than`,
  at_most: msg`is at most`,
  is_known: msg`is known`,
  is_unknown: msg`is unknown`,
};

const KNOWING: Operator[] = ["is_known", "is_unknown"];
const CONTAINING: Operator[] = ["contains", "does_not_contain"];
const EQUALITY: Operator[] = ["equals", "not_equals", "is_one_of", "is_none_of"];
const BY_TYPE: Record<FieldType, Operator[]> = {
  text: [...EQUALITY, ...CONTAINING, "begins_with", "ends_with", ...KNOWING],
  number: [...EQUALITY, "greater_than", "at_least", "less_than", "at_most", ...KNOWING],
  any: Object.keys(OPERATORS) as Operator[],
  set: [...CONTAINING, ...KNOWING],
};

function typeOf(field: string): FieldType {
  return RULE_FIELDS[field]?.type ?? (field.startsWith("context.") ? "any" : "text");
}

/** The operators that a field has. */
export function operatorsOf(field: string): Operator[] {
  return BY_TYPE[typeOf(field)];
}

export type ConditionValue = Schemas["ConditionInput"]["value"];

/** A condition's value as one types it: a list has commas. */
export function typedValue(value: ConditionValue): string {
  return Array.isArray(value) ? value.join(", ") : String(value ?? "");
}

/** What was typed, as the API takes it for this field and operator. */
export function parsedValue(field: string, operator: Operator, typed: string): ConditionValue {
  if (KNOWING.includes(operator)) {
    return null;
  }
  const comparesNumbers = ["greater_than", "at_least", "less_than", "at_most"].includes(operator);
  const one = (text: string) => {
    const trimmed = text.trim();
    const isNumber = trimmed !== "" && Number.isFinite(Number(trimmed));
    return isNumber && (typeOf(field) === "number" || comparesNumbers) ? Number(trimmed) : trimmed;
  };
  return operator === "is_one_of" || operator === "is_none_of" ? typed.split(",").map(one) : one(typed);
}
