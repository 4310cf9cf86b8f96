import type { Directory } from "../api/types";

type Rows = { agent: "agents"; page: "pages"; queue: "queues"; workstream: "workstreams" };

/** A row of the directory that has changed, as the stream tells it; `row` is null of what is gone. */
export type DirectoryChange = {
  [Kind in keyof Rows]: { kind: Kind; id: string; row: Directory[Rows[Kind]][number] | null };
}[keyof Rows];

/** The directory with one row as it is now. Each kind stays in alphabetical order. */
export function withChange(directory: Directory, change: DirectoryChange): Directory {
  switch (change.kind) {
    case "agent":
      return { ...directory, agents: placed(directory.agents, change, (each) => each.id) };
    case "page":
      return { ...directory, pages: placed(directory.pages, change, (each) => each.page_id) };
    case "queue":
      return { ...directory, queues: placed(directory.queues, change, (each) => each.id) };
    case "workstream":
      return { ...directory, workstreams: placed(directory.workstreams, change, (each) => each.id) };
  }
}

function placed<Row extends { name: string }>(
  rows: Row[],
  { id, row }: { id: string; row: Row | null },
  idOf: (row: Row) => string,
): Row[] {
  const others = rows.filter((each) => idOf(each) !== id);
  return row === null ? others : [...others, row].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
