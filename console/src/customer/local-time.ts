const HOUR_MILLISECONDS = 3_600_000;

/**
 * The time of day where the customer is; null where Meta does not tell.
 *
 * `hoursFromUtc` is what Meta tells of the profile, such as "2" or "-3.5".
 */
export function localTime(hoursFromUtc: string | null, nowMilliseconds: number, locales: string | string[]): string | null {
  const hours = hoursFromUtc === null || hoursFromUtc.trim() === "" ? Number.NaN : Number(hoursFromUtc);
  if (!Number.isFinite(hours) || Math.abs(hours) > 14) {
    return null;
  }
  const shifted = new Date(nowMilliseconds + hours * HOUR_MILLISECONDS);
  return new Intl.DateTimeFormat(locales, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }).format(shifted);
}

/** What a profile's locale, such as "de_AT", is called in the reader's language; null where it tells none. */
export function languageName(profileLocale: string | null, locales: string | string[]): string | null {
  const language = profileLocale?.split(/[_-]/)[0] ?? "";
  if (!/^[a-z]{2,3}$/i.test(language)) {
    return null;
  }
  return new Intl.DisplayNames(locales, { type: "language", fallback: "none" }).of(language) ?? null;
}
