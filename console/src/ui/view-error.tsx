import { Trans } from "@lingui/react/macro";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "react-aria-components";

/** In place of a view that cannot be drawn: the others go on, and what was typed is kept. */
export function ViewError({ error, reset }: ErrorComponentProps) {
  return (
    <div role="alert" className="view-error">
      <h1>
        <Trans>This view has an error.</Trans>
      </h1>
      <p>
        <Trans>The others work, and nothing that you have typed is lost.</Trans>
      </p>
      <p className="small" dir="auto">
        {error instanceof Error ? error.message : String(error)}
      </p>
      <Button className="button" onPress={reset}>
        <Trans>Try again</Trans>
      </Button>
    </div>
  );
}
