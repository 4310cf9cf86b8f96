import { Trans } from "@lingui/react/macro";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { Component, type ReactNode } from "react";
import { Button } from "react-aria-components";

/** Keeps a fault of one pane from the others: it says so in the pane's place, and can try again. */
export class PaneBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error === null ? this.props.children : <BrokenPane error={error} reset={() => this.setState({ error: null })} />;
  }
}

/** In place of a pane, or of a whole page of the router's, that cannot be drawn. */
export function BrokenPane({ error, reset }: Pick<ErrorComponentProps, "error" | "reset">) {
  return (
    <section className="broken-pane" role="alert">
      <p>
        <Trans>This part of the console failed. What you typed is kept.</Trans>
      </p>
      <p className="small" dir="auto">
        {error instanceof Error ? error.message : String(error)}
      </p>
      <Button className="button" onPress={reset}>
        <Trans>Try again</Trans>
      </Button>
    </section>
  );
}
