import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";
import { Button } from "react-aria-components";
import { problemText } from "./errors";

/** Go to another of the administrator's screens: `queues/new`. */
export function useGo(): (path: string) => void {
  const navigate = useNavigate();
  return (path) => void navigate({ to: "/admin/$", params: { _splat: path } });
}

export function AdminLink({ to, children, className }: { to: string; children: ReactNode; className?: string }) {
  return (
    <Link to="/admin/$" params={{ _splat: to }} {...(className === undefined ? {} : { className })}>
      {children}
    </Link>
  );
}

interface ScreenProps {
  title: ReactNode;
  /** Where one is: shown above the title. */
  crumb?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Screen({ title, crumb, actions, children }: ScreenProps) {
  return (
    <>
      <header className="screen-header">
        <div>
          {crumb !== undefined && <div className="small">{crumb}</div>}
          <h1>{title}</h1>
        </div>
        {actions}
      </header>
      {children}
    </>
  );
}

interface Reading<Data> {
  data: Data | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Shows what was read; until then nothing, and why not where it cannot be. */
export function Loaded<Data>({ from, children }: { from: Reading<Data>; children: (data: Data) => ReactNode }) {
  if (from.data !== undefined) {
    return children(from.data);
  }
  if (from.error === null) {
    return (
      <p className="small" role="status">
        <Trans>Loading…</Trans>
      </p>
    );
  }
  return (
    <div className="notice bad" role="alert">
      {problemText(from.error)}{" "}
      <Button className="button" onPress={() => void from.refetch()}>
        <Trans>Try again</Trans>
      </Button>
    </div>
  );
}

interface TableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly ReactNode[];
  /** What stands in each column. */
  cells: (row: Row) => readonly ReactNode[];
  keyOf: (row: Row) => string;
  empty: ReactNode;
}

/** A plain table that becomes cards where it is narrow. */
export function Table<Row>({ label, rows, columns, cells, keyOf, empty }: TableProps<Row>) {
  if (rows.length === 0) {
    return <p className="panel empty-text">{empty}</p>;
  }
  return (
    <table className="panel table" aria-label={label}>
      <thead>
        <tr>
          {columns.map((column, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- columns never move
            <th key={index} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {cells(row).map((cell, index) => (
              // oxlint-disable-next-line react/no-array-index-key -- columns never move
              <td key={index} dir="auto">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const COPIED_MILLISECONDS = 3_000;

/** Copies a text, and says so. Where the browser does not let it, the text is to be selected by hand. */
export function CopyButton({ text, children }: { text: string; children?: ReactNode }) {
  const { t } = useLingui();
  const [said, setSaid] = useState<string | null>(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(t`Copied`);
    } catch {
      setSaid(t`Select it and copy it by hand`);
    }
    setTimeout(() => setSaid(null), COPIED_MILLISECONDS);
  }
  return (
    <Button className="button" onPress={() => void copy()}>
      <span role="status">{said ?? children ?? <Trans>Copy</Trans>}</span>
    </Button>
  );
}

interface TabsProps {
  label: string;
  /** The address of the first tab; those of the others go on from there. */
  base: string;
  tabs: readonly (readonly [path: string, title: string])[];
  current: string;
}

/** Parts of one thing, each with an address. */
export function Tabs({ label, base, tabs, current }: TabsProps) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(([path, title]) => (
        <span key={path} data-current={path === current || undefined}>
          <AdminLink to={path === "" ? base : `${base}/${path}`}>{title}</AdminLink>
        </span>
      ))}
    </nav>
  );
}
