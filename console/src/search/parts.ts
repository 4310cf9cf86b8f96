export interface Part {
  text: string;
  isMatch: boolean;
}

/** A text in parts, those that were found marked. `matches` are in order and do not touch. */
export function partsOf(text: string, matches: readonly { start: number; end: number }[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { start, end } of matches) {
    parts.push({ text: text.slice(at, start), isMatch: false }, { text: text.slice(start, end), isMatch: true });
    at = end;
  }
  parts.push({ text: text.slice(at), isMatch: false });
  return parts.filter((part) => part.text !== "");
}
