import "./actions.css";
import { useLingui } from "@lingui/react/macro";
import { useId } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover, Text } from "react-aria-components";
import type { Conversation } from "../api/types";
import { useKeys } from "../keys/use-keys";
import type { OfferedName } from "./action-list";
import { type OfferedAction, useActions } from "./use-actions";

/** What has a button of its own where there is room; the menu has everything. */
const IN_SIGHT: ReadonlySet<string> = new Set(["close-session", "transfer", "end"]);

/** What can be done with the conversation. */
export function ActionBar({ row }: { row: Conversation }) {
  const { t } = useLingui();
  const actions = useActions(row);
  const run = (wanted: OfferedName) => () => actions.find(({ name }) => name === wanted)?.run();
  useKeys({
    take: run("pick"),
    transfer: run("transfer"),
    consult: run("consult"),
    end: run("end"),
  });
  return (
    <>
      {actions
        .filter(({ name }) => IN_SIGHT.has(name))
        .map((action) => (
          <ActionButton key={action.name} action={action} />
        ))}
      <MenuTrigger>
        <Button className="button more-actions" aria-label={t`All actions`}>
          ⋮
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu
            className="action-menu"
            aria-label={t`Actions`}
            onAction={(key) => actions.find(({ name }) => name === key)?.run()}
          >
            {actions.map(({ name, title, reason }) => (
              <MenuItem key={name} id={name} className={reason === null ? "menu-item" : "menu-item illegal"} textValue={title}>
                <Text slot="label">{title}</Text>
                {reason !== null && (
                  <Text slot="description" className="small">
                    {reason}
                  </Text>
                )}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
    </>
  );
}

/** A button that, where its action is illegal, can still be reached, and says why. */
function ActionButton({ action: { title, reason, run } }: { action: OfferedAction }) {
  const id = useId();
  return (
    <span className="action-button">
      <button
        type="button"
        className="button"
        aria-disabled={reason !== null}
        {...(reason === null ? {} : { "aria-describedby": id })}
        onClick={run}
      >
        {title}
      </button>
      {reason !== null && (
        <span id={id} role="tooltip" className="reason">
          {reason}
        </span>
      )}
    </span>
  );
}
