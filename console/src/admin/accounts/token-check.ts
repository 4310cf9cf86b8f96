import { api, bodyOf } from "../../api/client";
import type { PageProblem, Schemas } from "../kit/types";

export type TokenCheck = Schemas["TokenCheckView"];

/** Have Meta say whether an access token will do for a page, before it is saved. */
export function checkToken(accountId: string, pageId: string, accessToken: string): Promise<TokenCheck> {
  return bodyOf(
    api.POST("/v1/accounts/{account_id}/check-token", {
      params: { path: { account_id: accountId } },
      body: { page_id: pageId, access_token: accessToken },
    }),
  );
}

/** Whether nothing but Meta's silence speaks against saving a token. */
export function isOnlySilence(problems: readonly PageProblem[]): boolean {
  return problems.every((problem) => problem.code === "meta_unreachable");
}
