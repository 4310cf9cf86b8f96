import { Trans } from "@lingui/react/macro";
import type { UseQueryResult } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "react-aria-components";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import type { Contact, Conversation, CustomerSummary } from "../api/types";
import { useNotice } from "../ui/notices";
import { ContactForm } from "./contact-form";
import { FindContact } from "./find-contact";
import { refreshCustomer, useContactFields } from "./queries";
import { Read, Section } from "./section";

type Asking = "link" | "new" | "edit" | "merge" | null;

/** The person in the business's books whom the customer is, and what changes that. */
export function ContactSection({ row, summary }: { row: Conversation; summary: UseQueryResult<CustomerSummary> }) {
  const [asking, setAsking] = useState<Asking>(null);
  const customerId = row.customer.id;
  const close = () => setAsking(null);
  const done = async () => {
    close();
    await refreshCustomer(customerId);
  };
  return (
    <Section title={<Trans>Contact</Trans>}>
      <Read query={summary}>
        {({ contact }) => (
          <>
            {contact === null ? (
              <NoContact ask={setAsking} />
            ) : (
              <KnownContact contact={contact} customerId={customerId} ask={setAsking} />
            )}
            {asking === "link" && <FindContact purpose="link" customerId={customerId} contact={null} onClose={close} onDone={done} />}
            {asking === "merge" && contact !== null && (
              <FindContact purpose="merge" customerId={customerId} contact={contact} onClose={close} onDone={done} />
            )}
            {(asking === "new" || asking === "edit") && (
              <ContactForm
                contact={asking === "edit" ? contact : null}
                customerId={customerId}
                customerName={row.customer.name}
                onClose={close}
                onDone={done}
              />
            )}
          </>
        )}
      </Read>
    </Section>
  );
}

function NoContact({ ask }: { ask: (what: Asking) => void }) {
  return (
    <div className="card">
      <b>
        <Trans>No contact yet</Trans>
      </b>
      <div className="buttons">
        <Button className="button" onPress={() => ask("link")}>
          <Trans>Link…</Trans>
        </Button>
        <Button className="button" onPress={() => ask("new")}>
          <Trans>New contact…</Trans>
        </Button>
      </div>
    </div>
  );
}

function KnownContact({ contact, customerId, ask }: { contact: Contact; customerId: string; ask: (what: Asking) => void }) {
  const say = useNotice();
  const { signIn } = useRouteContext({ strict: false });
  const mayMerge = signIn?.agent.role === "supervisor" || signIn?.agent.role === "admin";

  async function unlink() {
    try {
      await api.POST("/v1/customers/{customer_id}/unlink", { params: { path: { customer_id: customerId } } });
      await refreshCustomer(customerId);
    } catch (error) {
      say(textOf(error));
    }
  }

  return (
    <div className="card">
      <b dir="auto">{contact.name ?? contact.email ?? contact.phone ?? contact.number}</b>
      <Facts contact={contact} />
      <div className="buttons">
        <Button className="button" onPress={() => ask("edit")}>
          <Trans>Edit…</Trans>
        </Button>
        <Button className="button" onPress={() => void unlink()}>
          <Trans>Unlink</Trans>
        </Button>
        {mayMerge && (
          <Button className="button" onPress={() => ask("merge")}>
            <Trans>Merge…</Trans>
          </Button>
        )}
      </div>
    </div>
  );
}

function Facts({ contact }: { contact: Contact }) {
  const fields = useContactFields().data ?? [];
  const titles = new Map(fields.map((field) => [field.name, field.title]));
  return (
    <dl className="facts">
      {contact.email !== null && <Fact title={<Trans>Email</Trans>} value={contact.email} />}
      {contact.phone !== null && <Fact title={<Trans>Phone</Trans>} value={contact.phone} />}
      {contact.number !== null && <Fact title={<Trans>Number</Trans>} value={contact.number} />}
      {Object.entries(contact.fields).map(([name, value]) => (
        <Fact key={name} title={titles.get(name) ?? name} value={value} />
      ))}
    </dl>
  );
}

function Fact({ title, value }: { title: React.ReactNode; value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd dir="auto">{value}</dd>
    </div>
  );
}
