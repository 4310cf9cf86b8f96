import { Trans } from "@lingui/react/macro";
import type { Conversation } from "../api/types";
import { useContextVariables } from "./queries";
import { Read, Section } from "./section";

/** The conversation's context variables, in alphabetical order. */
export function ContextSection({ row }: { row: Conversation }) {
  const query = useContextVariables(row.customer.id, row.id);
  return (
    <Section title={<Trans>Context</Trans>}>
      <Read query={query}>
        {({ variables }) => {
          const names = Object.keys(variables).toSorted();
          return names.length === 0 ? (
            <p className="small">
              <Trans>Nothing is known of the occasion.</Trans>
            </p>
          ) : (
            <dl className="facts">
              {names.map((name) => (
                <div key={name}>
                  <dt dir="auto">{name}</dt>
                  <dd dir="auto">{String(variables[name])}</dd>
                </div>
              ))}
            </dl>
          );
        }}
      </Read>
    </Section>
  );
}
