import { Trans, useLingui } from "@lingui/react/macro";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, Input, Label, SearchField } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Contact } from "../api/types";
import { ModalDialog } from "../ui/modal-dialog";
import { useSettled } from "../ui/use-settled";
import { Read } from "./section";
import { ProblemText } from "../ui/problem-text";

const FOUND_AT_MOST = 8;

/** Finds a contact by words: to link the customer to it, or to make it one with the customer's. */
export function FindContact({
  purpose,
  customerId,
  contact,
  onClose,
  onDone,
}: {
  purpose: "link" | "merge";
  customerId: string;
  contact: Contact | null;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { t } = useLingui();
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<Contact | null>(null);
  const [problem, setProblem] = useState("");
  const asked = useSettled(words.trim());
  const found = useQuery({
    queryKey: ["contacts", asked],
    queryFn: () => bodyOf(api.GET("/v1/contacts", { params: { query: { q: asked, limit: FOUND_AT_MOST } } })),
    enabled: asked !== "",
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

  async function take(other: Contact) {
    setProblem("");
    try {
      if (purpose === "link") {
        await api.POST("/v1/customers/{customer_id}/link", {
          params: { path: { customer_id: customerId } },
          body: { contact_id: other.id },
        });
      } else if (contact !== null) {
        await api.POST("/v1/contacts/{contact_id}/merge", {
          params: { path: { contact_id: contact.id } },
          body: { contact_id: other.id },
        });
      }
      await onDone();
    } catch (error) {
      setProblem(textOf(error));
    }
  }

  const title = purpose === "link" ? <Trans>Link to a contact</Trans> : <Trans>Merge with another contact</Trans>;
  return (
    <ModalDialog title={title} onClose={onClose}>
      {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the dialog was opened to type here */}
      <SearchField className="field" value={words} onChange={setWords} autoFocus>
        <Label>
          <Trans>Name, email, phone or number</Trans>
        </Label>
        <Input dir="auto" />
      </SearchField>
      {asked !== "" && (
        <Read query={found}>
          {({ items }) => {
            const others = items.filter((each) => each.id !== contact?.id);
            return others.length === 0 ? (
              <p className="small" role="status">
                <Trans>No contact has these words.</Trans>
              </p>
            ) : (
              <ul className="found" aria-label={t`Contacts`}>
                {others.map((each) => (
                  <li key={each.id}>
                    <Button
                      className="found-contact"
                      onPress={() => (purpose === "merge" ? setChosen(each) : void take(each))}
                    >
                      <b dir="auto">{each.name ?? each.email ?? each.phone ?? each.number}</b>
                      <span className="small" dir="auto">
                        {[each.email, each.phone, each.number].filter((known) => known !== null).join(" · ")}
                      </span>
                    </Button>
                  </li>
                ))}
              </ul>
            );
          }}
        </Read>
      )}
      {chosen !== null && (
        <p role="status">
          <Trans>
            <b>{nameOf(chosen)}</b> becomes one with <b>{nameOf(contact)}</b>. This cannot be undone.
          </Trans>
        </p>
      )}
      <ProblemText text={problem} />
      <div className="buttons">
        <Button className="button" onPress={onClose}>
          <Trans>Cancel</Trans>
        </Button>
        {chosen !== null && (
          <Button className="button primary" onPress={() => void take(chosen)}>
            <Trans>Merge</Trans>
          </Button>
        )}
      </div>
    </ModalDialog>
  );
}

function nameOf(contact: Contact | null): string {
  return contact?.name ?? contact?.email ?? contact?.phone ?? contact?.number ?? "";
}
