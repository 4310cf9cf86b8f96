/** What somebody signs in with. `code`: a one-time code of the first administrator's. `demo`: who one can be there. */
export interface WayIn {
  email: string;
  password: string;
  code: string;
  demo: string;
}

const DEMO_KEPT_AS = "pagedesk-demo";

/** What a link into the console brings in its fragment, which no server sees. */
export function wayInOf(fragment: string): WayIn {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  return {
    email: given.get("email") ?? "",
    password: given.get("password") ?? "",
    code: given.get("code") ?? "",
    demo: given.get("demo") ?? "",
  };
}

/**
 * Take the fragment out of the address: it is not to stay in the history. A demo's is kept for this tab, so that
 * who signs out can be somebody else; its secrets are shown to everybody anyway.
 */
export function takeWayIn(): WayIn {
  const given = wayInOf(location.hash);
  if (given.demo !== "") {
    sessionStorage.setItem(DEMO_KEPT_AS, location.hash);
  }
  if (location.hash !== "") {
    history.replaceState(history.state, "", location.pathname + location.search);
    return given;
  }
  return wayInOf(sessionStorage.getItem(DEMO_KEPT_AS) ?? "");
}
