/** A word that begins with a slash, up to the caret: `query` is what follows the slash. */
export interface SlashWord {
  start: number;
  end: number;
  query: string;
}

/** The slash word that is being typed; null where there is none. */
export function slashWord(text: string, caret: number): SlashWord | null {
  const found = /(?:^|\s)\/([^\s/]*)$/u.exec(text.slice(0, caret));
  const query = found?.[1];
  return query === undefined ? null : { start: caret - query.length - 1, end: caret, query };
}
