import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, bodyOf } from "../api/client";
import { queryClient } from "../api/queries";
import type { LogEvent } from "../live/blocks";
import { useDeskStore } from "../store/use-desk";

/** All that is read of a customer has keys that begin so. */
const customerKey = (customerId: string) => ["customer", customerId] as const;

/** The profile that Meta tells of. */
export function useCustomer(customerId: string) {
  const path = { customer_id: customerId };
  return useQuery({
    queryKey: [...customerKey(customerId), "profile"],
    queryFn: () => bodyOf(api.GET("/v1/customers/{customer_id}", { params: { path } })),
  });
}

/** Contact, earlier conversations and the last survey answer. */
export function useSummary(customerId: string) {
  const path = { customer_id: customerId };
  return useQuery({
    queryKey: [...customerKey(customerId), "summary"],
    queryFn: () => bodyOf(api.GET("/v1/customers/{customer_id}/summary", { params: { path } })),
  });
}

/** The context variables of one conversation. */
export function useContextVariables(customerId: string, conversationId: string) {
  const path = { conversation_id: conversationId };
  return useQuery({
    queryKey: [...customerKey(customerId), "context", conversationId],
    queryFn: () => bodyOf(api.GET("/v1/conversations/{conversation_id}/context", { params: { path } })),
  });
}

/** What the business calls the fields of its own that contacts have. */
export function useContactFields() {
  return useQuery({
    queryKey: ["contact-fields"],
    queryFn: async () => (await bodyOf(api.GET("/v1/contact-fields"))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Read anew what is shown of a customer. */
export function refreshCustomer(customerId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: customerKey(customerId) });
}

const CHANGES_PANEL = /^(customer\.(profile_changed|contact_)|contact\.|conversation\.(context_changed|closed|opened)|survey\.answered)/;

/** Whether an event tells that what the panel shows of a customer is another. */
export function changesPanel(event: Pick<LogEvent, "kind" | "customer_id" | "data">, customerId: string, contactId: string | null): boolean {
  if (!CHANGES_PANEL.test(event.kind)) {
    return false;
  }
  return event.customer_id === customerId || (contactId !== null && event.data["contact_id"] === contactId);
}

/** Read the panel's parts anew when an event tells that they changed. */
export function useFreshPanel(customerId: string, contactId: string | null): void {
  const store = useDeskStore();
  useEffect(
    () =>
      store.onEvents((events) => {
        if (events.some((event) => changesPanel(event, customerId, contactId))) {
          void refreshCustomer(customerId);
        }
      }),
    [store, customerId, contactId],
  );
}
