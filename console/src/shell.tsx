import { Outlet } from "@tanstack/react-router";
import { ActionDialogs } from "./actions/use-actions";
import { DeskKeys } from "./keys/desk-keys";
import { Alerts } from "./presence/alerts";
import { useWaitingTitle } from "./presence/waiting-title";
import { DemoFrame } from "./demo/demo-frame";

/** What is around every page of the desk. */
export function Shell() {
  useWaitingTitle();
  return (
    <ActionDialogs>
      <DemoFrame>
        <Outlet />
      </DemoFrame>
      <DeskKeys />
      <Alerts />
    </ActionDialogs>
  );
}
