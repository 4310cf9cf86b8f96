import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import type { CurrentSignIn } from "./api/types";
import { filterOf } from "./board/filters";
import { InboxPage } from "./inbox/inbox-page";
import { Shell } from "./shell";
import { BrokenPane } from "./ui/pane-boundary";
import { LIST_NAMES, type ListName } from "./store/lists";

const root = createRootRouteWithContext<{ signIn: CurrentSignIn }>()({ component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/inbox/$list", params: { list: "mine" } });
  },
});

function parseList(given: { list: string }): { list: ListName } {
  return { list: LIST_NAMES.find((name) => name === given.list) ?? "mine" };
}

const inbox = createRoute({
  getParentRoute: () => root,
  path: "/inbox/$list",
  params: { parse: parseList, stringify: ({ list }) => ({ list }) },
  component: function Inbox() {
    return <InboxPage list={inbox.useParams().list} conversationId={null} />;
  },
});

const conversation = createRoute({
  getParentRoute: () => root,
  path: "/inbox/$list/$conversationId",
  params: {
    parse: ({ list, conversationId }) => ({ ...parseList({ list }), conversationId }),
    stringify: ({ list, conversationId }) => ({ list, conversationId }),
  },
  component: function InboxConversation() {
    const { list, conversationId } = conversation.useParams();
    return <InboxPage list={list} conversationId={conversationId} />;
  },
});

const details = createRoute({
  getParentRoute: () => root,
  path: "/inbox/$list/$conversationId/details",
  params: {
    parse: ({ list, conversationId }) => ({ ...parseList({ list }), conversationId }),
    stringify: ({ list, conversationId }) => ({ list, conversationId }),
  },
  component: function InboxDetails() {
    const { list, conversationId } = details.useParams();
    return <InboxPage list={list} conversationId={conversationId} showsDetails />;
  },
});

const timeline = createRoute({
  getParentRoute: () => root,
  path: "/conversations/$conversationId/timeline",
  component: lazyRouteComponent(() => import("./timeline/timeline-page"), "TimelinePage"),
});

const search = createRoute({
  getParentRoute: () => root,
  path: "/search",
  validateSearch: (given: Record<string, unknown>): { q: string } => ({ q: typeof given["q"] === "string" ? given["q"] : "" }),
  component: lazyRouteComponent(() => import("./search/search-page"), "SearchPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/settings-page"), "SettingsPage"),
});

/** The administrator's screens, with addresses of their own below; nobody else loads them. */
const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin/$",
  beforeLoad: ({ context }) => {
    if (context.signIn.agent.role !== "admin") {
      throw redirect({ to: "/inbox/$list", params: { list: "mine" } });
    }
  },
  component: lazyRouteComponent(async () => {
    const [page, { loadTexts }] = await Promise.all([import("./admin/admin-page"), import("./admin/texts")]);
    await loadTexts();
    return page;
  }, "AdminPage"),
});

const board = createRoute({
  getParentRoute: () => root,
  path: "/board",
  validateSearch: filterOf,
  component: lazyRouteComponent(() => import("./board/board-page"), "BoardPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, inbox, conversation, details, timeline, search, settings, board, admin]),
  basepath: "/console",
  defaultErrorComponent: BrokenPane,
  context: { signIn: undefined as never },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
