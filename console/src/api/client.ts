import createClient, { type Middleware } from "openapi-fetch";
import { ApiProblem, noAnswer, problemOf } from "./problems";
import type { paths } from "./schema";

type Listener = () => void;
const whenSignedOut = new Set<Listener>();

/** Be told when the API no longer knows who is asking. Returns what ends that. */
export function onSignedOut(listener: Listener): Listener {
  whenSignedOut.add(listener);
  return () => whenSignedOut.delete(listener);
}

/** Tell that the API no longer knows who is asking. */
export function reportSignedOut(): void {
  for (const listener of whenSignedOut) {
    listener();
  }
}

/** Every refusal becomes an ApiProblem, and so does what never got an answer. */
const throwProblems: Middleware = {
  async onResponse({ request, response }) {
    if (response.ok) {
      return;
    }
    const problem = await problemOf(response);
    if (problem.code === "unauthenticated" && !request.url.endsWith("/v1/sign-in")) {
      reportSignedOut();
    }
    throw problem;
  },
  onError({ error }) {
    throw error instanceof ApiProblem ? error : noAnswer(error);
  },
};

/** The API, by its OpenAPI document. The browser adds the cookie itself. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", credentials: "same-origin" });
api.use(throwProblems);

/** The body of an answer that has one. */
export async function bodyOf<Body>(answer: Promise<{ data?: Body }>): Promise<Body> {
  const { data } = await answer;
  if (data === undefined) {
    throw new ApiProblem("no_body", 0, "The answer has no body.");
  }
  return data;
}
