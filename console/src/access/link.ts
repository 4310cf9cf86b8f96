/** What somebody signs in with. `code`: a one-time code of the first administrator's. */
export interface WayIn {
  email: string;
  password: string;
  code: string;
}

/** What a link into the console brings in its fragment, which no server sees. */
export function wayInOf(fragment: string): WayIn {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  return {
    email: given.get("email") ?? "",
    password: given.get("password") ?? "",
    code: given.get("code") ?? "",
  };
}

/** Take the fragment out of the address: it is not to stay in the history. */
export function takeWayIn(): WayIn {
  const given = wayInOf(location.hash);
  if (location.hash !== "") {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return given;
}
