import "./keys.css";
import { useNavigate, useParams, useRouteContext } from "@tanstack/react-router";
import { useState } from "react";
import type { ListName } from "../store/lists";
import { KeyHelp } from "./help";
import { Palette } from "./palette";
import { focusPane } from "./panes";
import { useKeys } from "./use-keys";

/** The keys that work on every page, with help and palette. */
export function DeskKeys() {
  const navigate = useNavigate();
  const { list, conversationId } = useParams({ strict: false });
  const [shown, setShown] = useState<"help" | "palette" | null>(null);
  const go = (to: ListName) => () => void navigate({ to: "/inbox/$list", params: { list: to } });
  const { signIn } = useRouteContext({ strict: false });
  const isInConversation = list !== undefined && conversationId !== undefined;
  useKeys({
    search: () => void navigate({ to: "/search", search: { q: "" } }),
    help: () => setShown("help"),
    palette: () => setShown((before) => (before === "palette" ? null : "palette")),
    "go-mine": go("mine"),
    "go-open": go("open"),
    "go-waiting": go("waiting"),
    "go-soon": go("closing_soon"),
    "go-done": go("done"),
    "go-admin":
      signIn?.agent.role === "admin" ? () => void navigate({ to: "/admin/$", params: { _splat: "accounts" } }) : undefined,
    back: isInConversation ? go(list) : undefined,
    "next-pane": () => focusPane(1),
    "previous-pane": () => focusPane(-1),
  });
  const close = () => setShown(null);
  return (
    <>
      {shown === "help" && <KeyHelp onClose={close} />}
      {shown === "palette" && <Palette onClose={close} />}
    </>
  );
}
