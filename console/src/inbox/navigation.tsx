import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useRouteContext } from "@tanstack/react-router";
import { PresenceMenu } from "../presence/presence-menu";
import { SoundState } from "../presence/sound-state";
import { COUNTED, LIST_NAMES, type ListName } from "../store/lists";
import { useDesk } from "../store/use-desk";
import { LIST_TITLES } from "./list-names";

/** The lists with their counts, which the server keeps, and who one is. `current`: where one is. */
export function Navigation({ current }: { current: ListName | "board" | "search" | "settings" | null }) {
  const { t, i18n } = useLingui();
  const counts = useDesk((state) => state.counts);
  const { signIn } = useRouteContext({ strict: false });
  const leads = signIn?.agent.role === "supervisor" || signIn?.agent.role === "admin";
  return (
    <nav className="navigation" aria-label={t`Lists`}>
      <div className="brand">
        <span className="mark" aria-hidden>
          P
        </span>
        Pagedesk
      </div>
      {LIST_NAMES.map((name) => {
        const counted = COUNTED[name];
        const count = counted === undefined ? undefined : counts?.[counted];
        return (
          <Link key={name} to="/inbox/$list" params={{ list: name }} aria-current={name === current ? "page" : undefined}>
            {i18n._(LIST_TITLES[name])}
            {count !== undefined && (
              <span className="count">
                {count}
                <span className="visually-hidden">
                  <Trans>conversations</Trans>
                </span>
              </span>
            )}
          </Link>
        );
      })}
      {leads && (
        <Link to="/board" search={{ show: "all" }} aria-current={current === "board" ? "page" : undefined}>
          <Trans>Board</Trans>
        </Link>
      )}
      <Link className="search-link" to="/search" search={{ q: "" }} aria-current={current === "search" ? "page" : undefined}>
        <Trans>Search</Trans>
      </Link>
      <Link to="/settings" aria-current={current === "settings" ? "page" : undefined}>
        <Trans>Settings</Trans>
      </Link>
      {signIn?.agent.role === "admin" && (
        <Link to="/admin/$" params={{ _splat: "accounts" }}>
          <Trans>Administration</Trans>
        </Link>
      )}
      <span className="grow" />
      <SoundState />
      <PresenceMenu />
    </nav>
  );
}
