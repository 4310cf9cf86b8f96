import { t } from "@lingui/core/macro";
import type { FileReason } from "../api/types";

const TEXTS: Record<FileReason, () => string> = {
  disabled: () => t`Files are switched off for this page.`,
  too_many_files: () => t`There were too many files in one message.`,
  type_not_allowed: () => t`Files of this type are not allowed.`,
  type_mismatch: () => t`What is in the file is not what its name says.`,
  too_large: () => t`The file is too large.`,
  empty: () => t`The file is empty.`,
  too_many_pixels: () => t`The picture has too many pixels.`,
  corrupted: () => t`The picture is damaged.`,
  infected: () => t`The virus scanner refused the file.`,
  encoding_not_supported: () => t`The file came in a form that is not supported.`,
  address_not_allowed: () => t`The file was at an address that is not allowed.`,
  link_expired: () => t`Meta's link to the file has expired. Ask for it to be sent again.`,
  download_failed: () => t`The file could not be fetched from Meta. Ask for it to be sent again.`,
  download_timed_out: () => t`The file could not be fetched from Meta in time. Ask for it to be sent again.`,
  scan_failed: () => t`The virus scanner did not answer. An administrator can help.`,
  processing_failed: () => t`The file could not be read. An administrator can help.`,
  retention_expired: () => t`The file was deleted after its time. Ask for it to be sent again.`,
};

/** Why a file is not here, or was not taken. */
export function fileReasonText(reason: string | null): string {
  return TEXTS[reason as FileReason]?.() ?? t`The file is not available (${reason ?? "unknown"}).`;
}

const UNITS = ["B", "kB", "MB", "GB"];

/** A size in bytes as people read it. */
export function fileSize(bytes: number, locale: string | string[]): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const digits = new Intl.NumberFormat(locale, { maximumFractionDigits: power === 0 ? 0 : 1 });
  return `${digits.format(bytes / 1000 ** power)} ${UNITS[power]}`;
}
