import { Outlet } from "@tanstack/react-router";
import { ActionDialogs } from "./actions/use-actions";
import { DeskKeys } from "./keys/desk-keys";
import { Alerts } from "./presence/alerts";
import { useWaitingTitle } from "./presence/waiting-title";

/** What is around every page of the desk. */
export function Shell() {
  useWaitingTitle();
  return (
    <ActionDialogs>
      <Outlet />
      <DeskKeys />
      <Alerts />
    </ActionDialogs>
  );
}
