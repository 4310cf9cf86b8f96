import type { components } from "./schema";

type ProblemDocument = components["schemas"]["ProblemDocument"];

/** The code of what never got an answer. */
export const NO_ANSWER = "no_answer";

/** A refusal of the API, by its stable code. */
export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    override readonly message: string,
    readonly retryAfterSeconds: number | null = null,
    readonly document: Partial<ProblemDocument> = {},
  ) {
    super(message);
    this.name = "ApiProblem";
  }

  /** Whether the same request may succeed later, or has succeeded without our knowing. */
  get isTransient(): boolean {
    return this.code === NO_ANSWER || this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** The problem that an answer tells of. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : null;
  try {
    const document = (await response.json()) as Partial<ProblemDocument>;
    const code = typeof document.code === "string" ? document.code : `http_${response.status}`;
    return new ApiProblem(code, response.status, document.detail ?? document.title ?? code, retryAfter, document);
  } catch {
    return new ApiProblem(`http_${response.status}`, response.status, response.statusText, retryAfter);
  }
}

/** The problem of a request that failed without an answer. */
export function noAnswer(error: unknown): ApiProblem {
  return new ApiProblem(NO_ANSWER, 0, error instanceof Error ? error.message : String(error));
}
