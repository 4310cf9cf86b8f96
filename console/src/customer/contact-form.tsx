import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button, Form, Input, Label, TextField } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Contact } from "../api/types";
import { ModalDialog } from "../ui/modal-dialog";
import { type ContactTexts, contentOf, isEnough, KEYS, textsOf } from "./contact-content";
import { useContactFields } from "./queries";
import { ProblemText } from "../ui/problem-text";

/** Asks for a contact's fields: of the one that is there, or of a new one that the customer is linked to. */
export function ContactForm({
  contact,
  customerId,
  customerName,
  onClose,
  onDone,
}: {
  contact: Contact | null;
  customerId: string;
  customerName: string | null;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const fields = useContactFields().data;
  const title = contact === null ? <Trans>New contact</Trans> : <Trans>Edit the contact</Trans>;
  return (
    <ModalDialog title={title} onClose={onClose}>
      {fields !== undefined && (
        <Fields
          fields={fields}
          first={textsOf(contact, fields.map((field) => field.name), customerName)}
          save={async (content, key) => {
            if (contact !== null) {
              await api.PUT("/v1/contacts/{contact_id}", { params: { path: { contact_id: contact.id } }, body: content });
              return;
            }
            // The same key again makes no second contact, where linking failed the first time.
            const made = await bodyOf(api.POST("/v1/contacts", { params: { header: { "Idempotency-Key": key } }, body: content }));
            await api.POST("/v1/customers/{customer_id}/link", {
              params: { path: { customer_id: customerId } },
              body: { contact_id: made.id },
            });
          }}
          onClose={onClose}
          onDone={onDone}
        />
      )}
    </ModalDialog>
  );
}

function Fields({
  fields,
  first,
  save,
  onClose,
  onDone,
}: {
  fields: readonly { name: string; title: string }[];
  first: ContactTexts;
  save: (content: ReturnType<typeof contentOf>, key: string) => Promise<void>;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { t } = useLingui();
  const [texts, setTexts] = useState(first);
  // One key for one content: after a change it is another contact that is asked for.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [problem, setProblem] = useState("");
  const [isSaving, setSaving] = useState(false);
  const labels = { name: t`Name`, email: t`Email`, phone: t`Phone`, number: t`Your number for them` };

  function change(next: ContactTexts) {
    setTexts(next);
    setKey(crypto.randomUUID());
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    setSaving(true);
    setProblem("");
    try {
      await save(contentOf(texts), key);
      await onDone();
    } catch (error) {
      setProblem(textOf(error));
      setSaving(false);
    }
  }

  return (
    <Form className="contact-form" onSubmit={(event) => void submit(event)}>
      {KEYS.map((each) => (
        <TextField key={each} className="field" value={texts[each]} onChange={(text) => change({ ...texts, [each]: text })}>
          <Label>{labels[each]}</Label>
          <Input dir="auto" />
        </TextField>
      ))}
      {fields.map(({ name, title }) => (
        <TextField
          key={name}
          className="field"
          value={texts.fields[name] ?? ""}
          onChange={(text) => change({ ...texts, fields: { ...texts.fields, [name]: text } })}
        >
          <Label>{title}</Label>
          <Input dir="auto" />
        </TextField>
      ))}
      <ProblemText text={problem} />
      <div className="buttons">
        <Button className="button" onPress={onClose}>
          <Trans>Cancel</Trans>
        </Button>
        <Button className="button primary" type="submit" isDisabled={isSaving || !isEnough(texts)}>
          <Trans>Save</Trans>
        </Button>
      </div>
    </Form>
  );
}
