import { Trans } from "@lingui/react/macro";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { Button } from "react-aria-components";
import { textOf } from "../api/problem-texts";

/** A part of the panel with its heading. */
export function Section({ title, children }: { title: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="panel-section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** What was read, or why it could not be. Nothing is shown while it is read. */
export function Read<Data>({ query, children }: { query: UseQueryResult<Data>; children: (data: Data) => ReactNode }) {
  if (query.data !== undefined) {
    return children(query.data);
  }
  if (query.error !== null) {
    return (
      <>
        <p className="problem" role="alert">
          {textOf(query.error)}
        </p>
        <Button className="button" onPress={() => void query.refetch()}>
          <Trans>Try again</Trans>
        </Button>
      </>
    );
  }
  return null;
}
