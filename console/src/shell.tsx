import { Outlet } from "@tanstack/react-router";
import { ActionDialogs } from "./actions/use-actions";

/** What is around every page of the desk. */
export function Shell() {
  return (
    <ActionDialogs>
      <Outlet />
    </ActionDialogs>
  );
}
