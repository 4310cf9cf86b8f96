import { Trans, useLingui } from "@lingui/react/macro";
import { type DragEvent, type KeyboardEvent, useState } from "react";
import { Button } from "react-aria-components";
import { api, bodyOf as answerOf } from "../../api/client";
import { useChanged } from "../kit/data";
import { TextInput, Toggle } from "../kit/fields";
import { ConfirmButton, EditForm, useDraft, useIdempotencyKey } from "../kit/form";
import { ChangedMeanwhile } from "../kit/meanwhile";
import { AdminLink, useGo } from "../kit/screen";
import type { Workstream } from "../kit/types";
import { bodyOf, draftOf, moved, newRule, type RuleDraft, type RuleSet, type RuleSetDraft } from "./draft";
import { RuleEditor } from "./rule-editor";
import { TryPanel } from "./try-panel";

interface EditorProps {
  workstream: Workstream;
  /** What is changed; null: a new one. */
  given: RuleSet | null;
  kind: RuleSetDraft["kind"];
}

/** Rules in their order, and beside them a try of what is not saved yet. */
export function RuleSetEditor({ workstream, given, kind }: EditorProps) {
  const { t } = useLingui();
  const go = useGo();
  const changed = useChanged();
  const keyFor = useIdempotencyKey();
  const [begun, setBegun] = useState(given);
  const [draft, change, setDraft] = useDraft(() => draftOf(given, kind));
  const [open, setOpen] = useState<string | null>(null);
  const [isSaved, setSaved] = useState(false);
  const theirs = given !== null && !isSaved && JSON.stringify(given) !== JSON.stringify(begun) ? given : null;
  const path = { workstream_id: workstream.id };
  const base = `workstreams/${workstream.id}/rules`;

  async function save() {
    const body = bodyOf(draft);
    await (given === null
      ? answerOf(api.POST("/v1/workstreams/{workstream_id}/rule-sets", { params: { path, header: keyFor(body) }, body }))
      : api.PUT("/v1/workstreams/{workstream_id}/rule-sets/{rule_set_id}", {
          params: { path: { ...path, rule_set_id: given.id } },
          body,
        }));
    // What changes now is one's own change.
    setSaved(true);
    await changed("rule_set");
    go(base);
  }
  async function remove(row: RuleSet) {
    await api.DELETE("/v1/workstreams/{workstream_id}/rule-sets/{rule_set_id}", {
      params: { path: { ...path, rule_set_id: row.id } },
    });
    await changed("rule_set");
    go(base);
  }
  function add() {
    const rule = newRule(t`New rule`);
    change({ rules: [...draft.rules, rule] });
    setOpen(rule.key);
  }
  return (
    <div className="two">
      <div className="stack">
        {theirs !== null && (
          <ChangedMeanwhile
            theirs={bodyOf(draftOf(theirs, kind))}
            mine={bodyOf(draft)}
            onTheirs={() => {
              setBegun(theirs);
              setDraft(draftOf(theirs, kind));
            }}
            onMine={() => setBegun(theirs)}
          />
        )}
        <div className="panel">
          <EditForm
            onSave={save}
            isDisabled={theirs !== null}
            className="wide"
            buttons={
              <>
                {given !== null && (
                  <ConfirmButton label={t`Delete`} title={t`Delete ${given.name}?`} onConfirm={() => remove(given)}>
                    <Trans>This cannot be undone.</Trans>
                  </ConfirmButton>
                )}
                <span className="grow" />
                <AdminLink to={base} className="button">
                  <Trans>Cancel</Trans>
                </AdminLink>
              </>
            }
          >
            <TextInput label={t`Name`} name="name" value={draft.name} onChange={(name) => change({ name })} isRequired />
            <Toggle label={t`In use`} name="active" value={draft.active} onChange={(active) => change({ active })} />
            <p className="small">
              {kind === "route" ? (
                <Trans>The first rule that fits, and whose queue does not overflow, leads a conversation to its queue.</Trans>
              ) : (
                <Trans>The first rule that fits is applied: it says what a conversation needs.</Trans>
              )}
            </p>
            <RuleList
              draft={draft}
              open={open}
              onOpen={setOpen}
              onChange={(rules) => change({ rules })}
            />
            <div>
              <Button className="button" onPress={add}>
                <Trans>Add a rule</Trans>
              </Button>
            </div>
          </EditForm>
        </div>
      </div>
      <TryPanel workstream={workstream} setId={given?.id ?? null} draft={draft} />
    </div>
  );
}

interface RuleListProps {
  draft: RuleSetDraft;
  open: string | null;
  onOpen: (key: string | null) => void;
  onChange: (rules: RuleDraft[]) => void;
}

/** Rules in their order: dragged, or moved with Alt and the arrows. */
function RuleList({ draft, open, onOpen, onChange }: RuleListProps) {
  const { t } = useLingui();
  const [dragged, setDragged] = useState<number | null>(null);
  const { rules } = draft;
  function onKeyDown(event: KeyboardEvent, index: number) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && step !== undefined) {
      event.preventDefault();
      onChange(moved(rules, index, index + step));
    }
  }
  function onDrop(event: DragEvent, index: number) {
    event.preventDefault();
    if (dragged !== null) {
      onChange(moved(rules, dragged, index));
    }
    setDragged(null);
  }
  return (
    <ol className="rule-list" aria-label={t`Rules in their order`}>
      {rules.map((rule, index) => (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- where a dragged rule is dropped
        <li
          key={rule.key}
          data-dragged={dragged === index || undefined}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => onDrop(event, index)}
        >
          {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- the keys are those of the buttons in it */}
          <div
            className="secret"
            draggable
            onDragStart={() => setDragged(index)}
            onDragEnd={() => setDragged(null)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            <span className="grip" aria-hidden>
              ⠿
            </span>
            <Button
              className="button quiet rule-name"
              aria-expanded={open === rule.key}
              onPress={() => onOpen(open === rule.key ? null : rule.key)}
            >
              {index + 1}. <span dir="auto">{rule.name}</span>
            </Button>
            {!rule.active && <span className="badge outline">{t`off`}</span>}
            <span className="grow" />
            <Button
              className="button"
              isDisabled={index === 0}
              aria-label={t`Move ${rule.name} up`}
              onPress={() => onChange(moved(rules, index, index - 1))}
            >
              ↑
            </Button>
            <Button
              className="button"
              isDisabled={index === rules.length - 1}
              aria-label={t`Move ${rule.name} down`}
              onPress={() => onChange(moved(rules, index, index + 1))}
            >
              ↓
            </Button>
          </div>
          {open === rule.key && (
            <RuleEditor
              rule={rule}
              kind={draft.kind}
              path={`rules.${index}`}
              change={(changes) => onChange(rules.map((each) => (each.key === rule.key ? { ...each, ...changes } : each)))}
              onRemove={() => onChange(rules.filter((each) => each.key !== rule.key))}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
