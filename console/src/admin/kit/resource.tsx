import { Trans, useLingui } from "@lingui/react/macro";
import type { MessageDescriptor } from "@lingui/core";
import { type ComponentType, useState } from "react";
import { useChanged, useRead } from "./data";
import { ConfirmButton, EditForm, useDraft, useIdempotencyKey } from "./form";
import { ChangedMeanwhile } from "./meanwhile";
import { AdminLink, Loaded, Screen, Table, useGo } from "./screen";

interface FieldsProps<Row, Draft> {
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  /** What is changed; null while it is new. */
  row: Row | null;
}

/** One kind of thing that an administrator sets up: how it is listed, changed, saved and removed. */
export interface Resource<Row, Draft extends object> {
  /** Its address, and how the kinds of its events begin. */
  path: string;
  kind: string;
  title: MessageDescriptor;
  newLabel: MessageDescriptor;
  empty: MessageDescriptor;
  list: () => Promise<Row[]>;
  idOf: (row: Row) => string;
  nameOf: (row: Row) => string;
  /** What stands beside the name. */
  columns: readonly MessageDescriptor[];
  Cells: readonly ComponentType<{ row: Row }>[];
  draftOf: (row: Row | null) => Draft;
  Fields: ComponentType<FieldsProps<Row, Draft>>;
  /** Saves it; null: a new one, with the header that makes it once. Resolves to its id. */
  save: (row: Row | null, draft: Draft, keyFor: (body: unknown) => { "Idempotency-Key": string }) => Promise<string>;
  remove?: (row: Row) => Promise<unknown>;
  canRemove?: (row: Row) => boolean;
  /** What else belongs to it, and is saved by itself. */
  More?: ComponentType<{ row: Row }>;
}

/** The list of a kind, and the form of one of them. */
export function resourceScreen<Row, Draft extends object>(resource: Resource<Row, Draft>) {
  return function ResourceScreen({ path: [id] }: { path: string[] }) {
    const rows = useRead([resource.kind, "all"], resource.list);
    if (id === undefined || id === "") {
      return <List resource={resource} rows={rows} />;
    }
    if (id === "new") {
      return <EditScreen resource={resource} row={null} />;
    }
    return (
      <Loaded from={rows}>
        {(listed) => {
          const row = listed.find((each) => resource.idOf(each) === id);
          return row === undefined ? <Gone resource={resource} /> : <EditScreen key={id} resource={resource} row={row} />;
        }}
      </Loaded>
    );
  };
}

function List<Row, Draft extends object>({ resource, rows }: { resource: Resource<Row, Draft>; rows: ReturnType<typeof useRead<Row[]>> }) {
  const { t, i18n } = useLingui();
  return (
    <Screen
      title={i18n._(resource.title)}
      actions={
        <AdminLink to={`${resource.path}/new`} className="button primary">
          {i18n._(resource.newLabel)}
        </AdminLink>
      }
    >
      <Loaded from={rows}>
        {(listed) => (
          <Table
            label={i18n._(resource.title)}
            rows={listed}
            keyOf={resource.idOf}
            empty={i18n._(resource.empty)}
            columns={[t`Name`, ...resource.columns.map((column) => i18n._(column))]}
            cells={(row) => [
              <AdminLink key="name" to={`${resource.path}/${encodeURIComponent(resource.idOf(row))}`}>
                {resource.nameOf(row)}
              </AdminLink>,
              // oxlint-disable-next-line react/no-array-index-key -- columns never move
              ...resource.Cells.map((Cell, index) => <Cell key={index} row={row} />),
            ]}
          />
        )}
      </Loaded>
    </Screen>
  );
}

function EditScreen<Row, Draft extends object>({ resource, row }: { resource: Resource<Row, Draft>; row: Row | null }) {
  const { t, i18n } = useLingui();
  const go = useGo();
  const changed = useChanged();
  const keyFor = useIdempotencyKey();
  // What the form began with: when the row becomes another one meanwhile, somebody else has changed it.
  const [begun, setBegun] = useState(row);
  const [draft, change, setDraft] = useDraft(() => resource.draftOf(row));
  const [isSaved, setSaved] = useState(false);
  const theirs = row !== null && !isSaved && JSON.stringify(row) !== JSON.stringify(begun) ? row : null;

  async function save() {
    const id = await resource.save(row, draft, keyFor);
    // What changes now is one's own change.
    setSaved(true);
    await changed(resource.kind);
    go(row === null && resource.More !== undefined ? `${resource.path}/${encodeURIComponent(id)}` : resource.path);
  }
  async function remove(given: Row) {
    await resource.remove?.(given);
    await changed(resource.kind);
    go(resource.path);
  }

  const isRemovable = row !== null && resource.remove !== undefined && (resource.canRemove?.(row) ?? true);
  return (
    <Screen
      title={<span dir="auto">{row === null ? i18n._(resource.newLabel) : resource.nameOf(row)}</span>}
      crumb={<AdminLink to={resource.path}>{i18n._(resource.title)}</AdminLink>}
      actions={
        isRemovable && (
          <ConfirmButton label={t`Delete`} title={t`Delete ${resource.nameOf(row)}?`} onConfirm={() => remove(row)}>
            <Trans>This cannot be undone.</Trans>
          </ConfirmButton>
        )
      }
    >
      {theirs !== null && (
        <ChangedMeanwhile
          theirs={resource.draftOf(theirs)}
          mine={draft}
          onTheirs={() => {
            setBegun(theirs);
            setDraft(resource.draftOf(theirs));
          }}
          onMine={() => setBegun(theirs)}
        />
      )}
      <div className="panel">
        <EditForm
          onSave={save}
          isDisabled={theirs !== null}
          buttons={
            <AdminLink to={resource.path} className="button">
              <Trans>Cancel</Trans>
            </AdminLink>
          }
        >
          <resource.Fields draft={draft} change={change} row={row} />
        </EditForm>
      </div>
      {row !== null && resource.More !== undefined && <resource.More row={row} />}
    </Screen>
  );
}

function Gone<Row, Draft extends object>({ resource }: { resource: Resource<Row, Draft> }) {
  const { i18n } = useLingui();
  return (
    <Screen title={i18n._(resource.title)}>
      <p className="panel empty-text">
        <Trans>This is not there any more.</Trans> <AdminLink to={resource.path}>{i18n._(resource.title)}</AdminLink>
      </p>
    </Screen>
  );
}
