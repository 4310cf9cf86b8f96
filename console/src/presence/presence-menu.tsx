import { Trans, useLingui } from "@lingui/react/macro";
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from "react-aria-components";
import { useRouteContext } from "@tanstack/react-router";
import { signOut } from "../access/sign-in";
import { api } from "../api/client";
import { textOf } from "../api/problem-texts";
import { useDesk, useDeskStore } from "../store/use-desk";
import { initials } from "../ui/initials";
import { useNotice } from "../ui/notices";
import { CHOICES, type Choice, PRESENCE_NAMES } from "./presence-names";

/** Who one is, one's presence and places, and the menu that changes it. */
export function PresenceMenu() {
  const store = useDeskStore();
  const { i18n } = useLingui();
  const say = useNotice();
  const work = useDesk((state) => state.work);
  const { signIn } = useRouteContext({ strict: false });
  const name = signIn?.agent.name ?? "";
  const presence = work?.presence.presence ?? "offline";
  const limit = work?.capacity.limit_units ?? 0;
  const free = Math.max(0, limit - (work?.capacity.used_units ?? 0));

  async function choose(choice: Choice) {
    try {
      await api.PUT("/v1/me/presence", { body: { presence: choice } });
      await store.loadWork();
    } catch (error) {
      say(textOf(error));
    }
  }

  return (
    <MenuTrigger>
      <Button className="me">
        <span className="avatar" aria-hidden>
          {initials(name)}
          <i className={`dot ${presence}`} />
        </span>
        <span>
          <span className="name">{name}</span>
          <span className="small">
            {i18n._(PRESENCE_NAMES[presence])}
            {limit > 0 && (
              <>
                {" · "}
                <Trans>
                  {free} of {limit} places free
                </Trans>
              </>
            )}
          </span>
        </span>
      </Button>
      <Popover className="popover" placement="top start">
        <Menu
          onAction={(key) => {
            if (key === "sign-out") {
              void signOut();
            } else {
              void choose(key as Choice);
            }
          }}
        >
          {CHOICES.map((choice) => (
            <MenuItem key={choice} id={choice} className="menu-item" textValue={i18n._(PRESENCE_NAMES[choice])}>
              <i className={`dot ${choice}`} aria-hidden />
              {i18n._(PRESENCE_NAMES[choice])}
            </MenuItem>
          ))}
          <Separator />
          <MenuItem id="sign-out" className="menu-item">
            <Trans>Sign out</Trans>
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
