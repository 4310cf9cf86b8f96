import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf } from "../../api/client";
import { allOf, useChanged } from "../kit/data";
import { Choice, NumberInput, TextInput } from "../kit/fields";
import { EditForm, keyed } from "../kit/form";
import { type Resource, resourceScreen } from "../kit/resource";
import type { Schemas } from "../kit/types";
import { TimeZone } from "./time-zone";
import { RemoveButton } from "../kit/remove-button";

type Hours = Schemas["OperatingHoursView"];
type Interval = Schemas["WeeklyIntervalView"] & { key: string };
type Holiday = Schemas["HolidayView"] & { key: string };
interface Draft {
  name: string;
  timezone: string;
  intervals: Interval[];
  holidays: Holiday[];
}

/** Monday is 0 to the API; 1 January 2024 was one. */
const MONDAY = 1;

function dayName(weekday: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, MONDAY + weekday)));
}

/** "09:00:00" is typed and shown as "09:00". */
const minutes = (time: string) => time.slice(0, 5);

const WORKDAYS = [0, 1, 2, 3, 4];

function Standing({ row }: { row: Hours }) {
  const { t } = useLingui();
  return (
    <span className={row.is_open ? "badge ok" : "badge outline"}>{row.is_open ? t`open now` : t`closed now`}</span>
  );
}

function HoursFields({ draft, change }: { draft: Draft; change: (changes: Partial<Draft>) => void }) {
  const { t, i18n } = useLingui();
  const put = (changed: Interval) =>
    change({ intervals: draft.intervals.map((each) => (each.key === changed.key ? changed : each)) });
  const putDay = (changed: Holiday) =>
    change({ holidays: draft.holidays.map((each) => (each.key === changed.key ? changed : each)) });
  return (
    <>
      <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
      <TimeZone value={draft.timezone} onChange={(timezone) => change({ timezone })} />
      <fieldset>
        <legend>
          <Trans>Open</Trans>
        </legend>
        {draft.intervals.map((interval, index) => (
          <div key={interval.key} className="row-form">
            <Choice
              label={t`Day`}
              name={`intervals.${index}.weekday`}
              value={String(interval.weekday)}
              onChange={(day) => put({ ...interval, weekday: Number(day) })}
              options={[0, 1, 2, 3, 4, 5, 6].map((day) => ({ id: String(day), label: dayName(day, i18n.locale) }))}
            />
            <TextInput
              label={t`From`}
              type="time"
              name={`intervals.${index}.opens`}
              value={minutes(interval.opens)}
              onChange={(opens) => put({ ...interval, opens })}
            />
            <TextInput
              label={t`To`}
              type="time"
              name={`intervals.${index}.closes`}
              value={minutes(interval.closes)}
              onChange={(closes) => put({ ...interval, closes })}
            />
            <RemoveButton label={t`Remove this time`} onPress={() => change({ intervals: draft.intervals.filter((each) => each.key !== interval.key) })} />
          </div>
        ))}
        <div>
          <Button
            className="button"
            onPress={() =>
              change({ intervals: [...draft.intervals, keyed({ weekday: 0, opens: "09:00", closes: "17:00" })] })
            }
          >
            <Trans>Add a time</Trans>
          </Button>
        </div>
      </fieldset>
      <fieldset>
        <legend>
          <Trans>Holidays</Trans>
        </legend>
        {draft.holidays.map((holiday, index) => (
          <div key={holiday.key} className="row-form">
            <TextInput
              label={t`Name`}
              name={`holidays.${index}.name`}
              value={holiday.name}
              onChange={(name) => putDay({ ...holiday, name })}
              isRequired
            />
            <TextInput
              label={t`First day`}
              type="date"
              name={`holidays.${index}.first_day`}
              value={holiday.first_day}
              onChange={(day) =>
                putDay({ ...holiday, first_day: day, last_day: holiday.last_day < day ? day : holiday.last_day })
              }
              isRequired
            />
            <TextInput
              label={t`Last day`}
              type="date"
              name={`holidays.${index}.last_day`}
              value={holiday.last_day}
              onChange={(day) => putDay({ ...holiday, last_day: day })}
              isRequired
            />
            <RemoveButton label={t`Remove ${holiday.name}`} onPress={() => change({ holidays: draft.holidays.filter((each) => each.key !== holiday.key) })} />
          </div>
        ))}
        <div>
          <Button
            className="button"
            onPress={() =>
              change({ holidays: [...draft.holidays, keyed({ name: "", first_day: "", last_day: "" })] })
            }
          >
            <Trans>Add a holiday</Trans>
          </Button>
        </div>
      </fieldset>
    </>
  );
}

/** Public holidays of a country, added to those that are there. */
function ImportHolidays({ row }: { row: Hours }) {
  const { t } = useLingui();
  const changed = useChanged();
  const [country, setCountry] = useState("DE");
  const [subdivision, setSubdivision] = useState("");
  const [year, setYear] = useState<number | null>(new Date(row.changes_at ?? row.created_at).getFullYear());
  async function run() {
    const query = { country: country.trim().toUpperCase(), year: year ?? 0, ...(subdivision === "" ? {} : { subdivision }) };
    await api.POST("/v1/operating-hours/{hours_id}/holidays/import", { params: { path: { hours_id: row.id }, query } });
    await changed("operating_hours");
  }
  return (
    <section className="panel">
      <h2>
        <Trans>Add public holidays</Trans>
      </h2>
      <EditForm onSave={run} saveLabel={<Trans>Add them</Trans>}>
        <div className="fields">
          <TextInput label={t`Country`} name="query.country" value={country} onChange={setCountry} isRequired hint="DE, AT, US …" />
          <TextInput
            label={t`State or region`}
            name="query.subdivision"
            value={subdivision}
            onChange={setSubdivision}
            hint="BY, NW, CA …"
          />
          <NumberInput label={t`Year`} name="query.year" value={year} onChange={setYear} isRequired />
        </div>
      </EditForm>
    </section>
  );
}

const hours: Resource<Hours, Draft> = {
  path: "hours",
  kind: "operating_hours",
  title: msg`Operating hours`,
  newLabel: msg`New operating hours`,
  empty: msg`No operating hours yet. A queue without them is always open.`,
  list: () => allOf((query) => api.GET("/v1/operating-hours", { params: { query } })),
  idOf: (row) => row.id,
  nameOf: (row) => row.name,
  columns: [msg`Now`, msg`Time zone`],
  Cells: [Standing, ({ row }) => row.timezone],
  draftOf: (row) => ({
    name: row?.name ?? "",
    timezone: row?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    intervals: (row?.intervals ?? WORKDAYS.map((weekday) => ({ weekday, opens: "09:00", closes: "17:00" }))).map(keyed),
    holidays: (row?.holidays ?? []).map(keyed),
  }),
  Fields: HoursFields,
  save: async (row, draft, keyFor) => {
    const body = {
      name: draft.name.trim(),
      timezone: draft.timezone,
      intervals: draft.intervals.map(({ weekday, opens, closes }) => ({ weekday, opens: minutes(opens), closes: minutes(closes) })),
      holidays: draft.holidays.map(({ name, first_day, last_day }) => ({ name: name.trim(), first_day, last_day })),
    };
    const saved =
      row === null
        ? api.POST("/v1/operating-hours", { params: { header: keyFor(body) }, body })
        : api.PUT("/v1/operating-hours/{hours_id}", { params: { path: { hours_id: row.id } }, body });
    return (await bodyOf<Hours>(saved)).id;
  },
  remove: (row) => api.DELETE("/v1/operating-hours/{hours_id}", { params: { path: { hours_id: row.id } } }),
  More: ImportHolidays,
};

export const HoursScreen = resourceScreen(hours);
