import { useLingui } from "@lingui/react/macro";
import { Choice } from "../kit/fields";

/** A time zone of those that this browser knows; one that is set already stays. */
export function TimeZone({ value, onChange }: { value: string; onChange: (zone: string) => void }) {
  const { t } = useLingui();
  const known = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const offered = known.includes(value) ? known : [value, ...known];
  return (
    <Choice
      label={t`Time zone`}
      name="timezone"
      value={value}
      onChange={(zone) => onChange(zone ?? "UTC")}
      options={[...new Set(offered)].map((id) => ({ id, label: id }))}
    />
  );
}
