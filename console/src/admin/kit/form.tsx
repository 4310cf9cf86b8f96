import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, type ReactNode, useRef, useState } from "react";
import { Button, Dialog, DialogTrigger, Form, Heading, Modal, ModalOverlay } from "react-aria-components";
import { fieldErrors, problemText } from "./errors";
import { MendContext } from "./fields";

/** What somebody types into a form: kept as it is whatever the API says to it. */
export function useDraft<Draft extends object>(first: Draft | (() => Draft)) {
  const [draft, setDraft] = useState(first);
  const change = (changes: Partial<Draft>) => setDraft((former) => ({ ...former, ...changes }));
  return [draft, change, setDraft] as const;
}

/** An entry of a list that is edited, known by a key of the form's own. */
export function keyed<Entry extends object>(entry: Entry): Entry & { key: string } {
  return { ...entry, key: crypto.randomUUID() };
}

const KEEPS = "pagedesk-admin-";

/** The same, kept in this browser until it is forgotten: one may leave and come back. Never give it a secret. */
export function useKeptDraft<Draft extends object>(name: string, first: Draft) {
  const [draft, setDraft] = useState<Draft>(() => ({ ...first, ...readKept<Draft>(name) }));
  const latest = useRef(draft);
  function set(changed: Draft) {
    latest.current = changed;
    setDraft(changed);
  }
  function change(changes: Partial<Draft>) {
    set({ ...latest.current, ...changes });
    localStorage.setItem(KEEPS + name, JSON.stringify(latest.current));
  }
  function forget() {
    set(first);
    localStorage.removeItem(KEEPS + name);
  }
  return [draft, change, forget] as const;
}

function readKept<Draft>(name: string): Partial<Draft> {
  try {
    return JSON.parse(localStorage.getItem(KEEPS + name) ?? "{}") as Partial<Draft>;
  } catch {
    return {};
  }
}

/** One key for each thing that is to be made: the same request again makes nothing again. */
export function useIdempotencyKey(): (body: unknown) => { "Idempotency-Key": string } {
  const last = useRef({ body: "", key: "" });
  return (body) => {
    const text = JSON.stringify(body);
    if (last.current.body !== text) {
      last.current = { body: text, key: crypto.randomUUID() };
    }
    return { "Idempotency-Key": last.current.key };
  };
}

interface FormProps {
  onSave: () => Promise<unknown>;
  children: ReactNode;
  saveLabel?: ReactNode;
  /** Buttons before the one that saves. */
  buttons?: ReactNode;
  isDisabled?: boolean;
  className?: string;
}

/** A form that saves by the API, and shows its problems at their fields and below. */
export function EditForm({ onSave, children, saveLabel, buttons, isDisabled = false, className = "" }: FormProps) {
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  /** What is wrong with something that has no field of its own. */
  const [elsewhere, setElsewhere] = useState<[string, string][]>([]);
  const [errors, setErrors] = useState<Record<string, string>>({});

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const { elements } = event.currentTarget;
    setBusy(true);
    setProblem(null);
    setErrors({});
    try {
      await onSave();
    } catch (error) {
      setProblem(error);
      const found = fieldErrors(error);
      setErrors(found);
      setElsewhere(Object.entries(found).filter(([name]) => elements.namedItem(name) === null));
    } finally {
      setBusy(false);
    }
  }

  function mend(name: string) {
    const { [name]: mended, ...others } = errors;
    if (mended !== undefined) {
      setErrors(others);
    }
  }

  return (
    // The server judges what is typed: a field that it refused does not keep the form from being sent again.
    <Form
      className={`edit-form ${className}`}
      validationBehavior="aria"
      validationErrors={errors}
      onSubmit={(event) => void submit(event)}
    >
      <MendContext value={mend}>{children}</MendContext>
      <div role="alert">
        {problem !== null && (
          <div className="notice bad">
            {problemText(problem)}
            {elsewhere.map(([name, text]) => (
              <div key={name} className="small">
                {name}: {text}
              </div>
            ))}
          </div>
        )}
      </div>
      <div className="buttons">
        {buttons}
        <Button type="submit" className="button primary" isPending={isBusy} isDisabled={isDisabled}>
          {saveLabel ?? <Trans>Save</Trans>}
        </Button>
      </div>
    </Form>
  );
}

/** Asks before something is done that cannot be undone; says there why it could not be. */
export function ConfirmButton({ label, title, children, onConfirm }: ConfirmProps) {
  const { t } = useLingui();
  const [problem, setProblem] = useState<unknown>(null);
  return (
    <DialogTrigger onOpenChange={() => setProblem(null)}>
      <Button className="button danger">{label}</Button>
      <ModalOverlay className="modal-overlay" isDismissable>
        <Modal className="modal">
          <Dialog role="alertdialog">
            {({ close }) => (
              <>
                <Heading slot="title">{title}</Heading>
                <div>{children}</div>
                <div role="alert">{problem !== null && <div className="notice bad">{problemText(problem)}</div>}</div>
                <div className="buttons">
                  <Button className="button" onPress={close} aria-label={t`Cancel`}>
                    <Trans>Cancel</Trans>
                  </Button>
                  <Button className="button danger" onPress={() => void onConfirm().then(close, setProblem)}>
                    {label}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

interface ConfirmProps {
  label: ReactNode;
  title: ReactNode;
  children?: ReactNode;
  onConfirm: () => Promise<unknown>;
}
