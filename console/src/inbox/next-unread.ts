/** The next unread conversation after the open one, or before it with `step` -1; at the end it goes on at the other end. */
export function nextUnread(rows: readonly { id: string; unread: number }[], openId: string | null, step: 1 | -1): string | null {
  const ordered = step === 1 ? rows : rows.toReversed();
  const from = ordered.findIndex((row) => row.id === openId) + 1;
  const around = [...ordered.slice(from), ...ordered.slice(0, from)];
  return around.find((row) => row.unread > 0 && row.id !== openId)?.id ?? null;
}
