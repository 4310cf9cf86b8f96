const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Time that is left, rounded down: "3 d 4 h", "21 h 14 m", "42 min", and below 10 min "9:41". */
export function timeLeft(milliseconds: number): string {
  const left = Math.max(0, milliseconds);
  const whole = (unit: number, within = Number.POSITIVE_INFINITY) => Math.floor((left % within) / unit);
  if (left >= 2 * DAY) {
    return `${whole(DAY)} d ${whole(HOUR, DAY)} h`;
  }
  if (left >= HOUR) {
    return `${whole(HOUR)} h ${whole(MINUTE, HOUR)} m`;
  }
  if (left >= 10 * MINUTE) {
    return `${whole(MINUTE)} min`;
  }
  return `${whole(MINUTE)}:${String(whole(SECOND, MINUTE)).padStart(2, "0")}`;
}

/** The same in one unit, for narrow places: "3 d", "21 h", "42 min". */
export function shortTimeLeft(milliseconds: number): string {
  return milliseconds >= HOUR ? (timeLeft(milliseconds).match(/^\d+ [dh]/)?.[0] ?? "") : timeLeft(milliseconds);
}

/** How long ago something was, in one unit; never "0 min". */
export function age(milliseconds: number): string {
  const passed = Math.max(0, milliseconds);
  if (passed < MINUTE) {
    return "< 1 min";
  }
  const [value, unit] =
    passed >= DAY ? [passed / DAY, "d"] : passed >= HOUR ? [passed / HOUR, "h"] : [passed / MINUTE, "min"];
  return `${Math.floor(value)} ${unit}`;
}

/** An instant as the viewer's clock shows it: the time, and before today the date. */
export function clockTime(instant: string, nowMilliseconds: number, locale: string | string[]): string {
  const date = new Date(instant);
  const isToday = date.toDateString() === new Date(nowMilliseconds).toDateString();
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  const shown = isToday ? time : { ...time, day: "numeric" as const, month: "short" as const };
  return new Intl.DateTimeFormat(locale, shown).format(date);
}

/** The day of an instant, as a line between messages. */
export function day(instant: string, locale: string | string[]): string {
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(new Date(instant));
}
