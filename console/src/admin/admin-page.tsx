import "./admin.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { QueryClientProvider } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ConnectionBar } from "../inbox/connection-bar";
import { PresenceMenu } from "../presence/presence-menu";
import { pagesWithProblems, useAllPages } from "./health/pages";
import { newQueries, useFollowEvents } from "./kit/data";
import { AdminLink } from "./kit/screen";
import { SECTIONS } from "./sections";

/** All that only an administrator does. */
export function AdminPage() {
  const [queries] = useState(newQueries);
  return (
    <QueryClientProvider client={queries}>
      <Frame />
    </QueryClientProvider>
  );
}

function Frame() {
  useFollowEvents();
  const { _splat = "" } = useParams({ strict: false });
  const [name = "", ...rest] = _splat.split("/");
  const section = SECTIONS.find((each) => each.path === name) ?? SECTIONS[0];
  return (
    <div className="admin">
      <ConnectionBar />
      <AdminNavigation current={section.path} />
      <main className="admin-main">
        <section.Screen key={section.path} path={section.path === name ? rest : []} />
      </main>
    </div>
  );
}

function AdminNavigation({ current }: { current: string }) {
  const { t, i18n } = useLingui();
  const pages = useAllPages();
  const troubled = pagesWithProblems(pages.data ?? []).length;
  const entry = (path: string, title: ReactNode) => (
    <span key={path} className="entry" data-current={path === current || undefined}>
      <AdminLink to={path}>
        {title}
        {path === "health" && troubled > 0 && (
          <span className="badge warn">
            {troubled}
            <span className="visually-hidden">
              <Trans>pages need attention</Trans>
            </span>
          </span>
        )}
      </AdminLink>
    </span>
  );
  return (
    <nav className="navigation" aria-label={t`Administration`}>
      <div className="brand">
        <span className="mark" aria-hidden>
          P
        </span>
        Pagedesk
      </div>
      <Link to="/inbox/$list" params={{ list: "mine" }}>
        <Trans>Desk</Trans>
      </Link>
      <h2>
        <Trans>Administration</Trans>
      </h2>
      {SECTIONS.map((section) => entry(section.path, i18n._(section.title)))}
      <span className="grow" />
      <PresenceMenu />
    </nav>
  );
}
