import type { components } from "../../api/schema";

/** Everything that the API's document names. */
export type Schemas = components["schemas"];
export type Account = Schemas["AccountView"];
export type FacebookPage = Schemas["PageView"];
export type PageProblem = Schemas["PageProblem"];
export type Workstream = Schemas["WorkstreamView"];
export type Queue = Schemas["QueueView"];
