const KEPT_AS = "pagedesk-left-alone";
const MAX_KEPT = 200;

function all(): readonly string[] {
  const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
  return Array.isArray(kept) ? kept.map(String) : [];
}

/** Whether one has looked at a message of unknown outcome here, and left it. */
export function isLeftAlone(messageId: string): boolean {
  return all().includes(messageId);
}

export function leaveAlone(messageId: string): void {
  localStorage.setItem(KEPT_AS, JSON.stringify([...all().filter((id) => id !== messageId), messageId].slice(-MAX_KEPT)));
}
