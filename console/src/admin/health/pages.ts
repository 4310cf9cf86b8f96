import { api } from "../../api/client";
import { allOf, useRead } from "../kit/data";
import type { Account, FacebookPage, PageProblem } from "../kit/types";

const SEVERITIES = ["holds_sends", "not_running", "warning"];

export function readAccounts(): Promise<Account[]> {
  return allOf((query) => api.GET("/v1/accounts", { params: { query } }));
}

export function readPagesOf(accountId: string): Promise<FacebookPage[]> {
  return allOf((query) =>
    api.GET("/v1/accounts/{account_id}/pages", { params: { path: { account_id: accountId }, query } }),
  );
}

/** All pages of all accounts. */
export function useAllPages() {
  return useRead(["page", "all"], async () => {
    const accounts = await readAccounts();
    return (await Promise.all(accounts.map((account) => readPagesOf(account.id)))).flat();
  });
}

/** Everything that is wrong with a page, worst first. */
export function problemsOf(page: FacebookPage): PageProblem[] {
  return [...page.problems, ...page.warnings].toSorted((one, other) => weight(one) - weight(other));
}

export function pagesWithProblems(pages: readonly FacebookPage[]): FacebookPage[] {
  return pages.filter((page) => problemsOf(page).length > 0);
}

/** Those in the greatest need first; among equals what has lasted longest. */
export function worstFirst(pages: readonly FacebookPage[]): FacebookPage[] {
  const rank = (page: FacebookPage) => {
    const worst = problemsOf(page)[0];
    return worst === undefined ? SEVERITIES.length : weight(worst);
  };
  const since = (page: FacebookPage) => problemsOf(page)[0]?.since ?? "9999";
  return pages.toSorted(
    (one, other) => rank(one) - rank(other) || since(one).localeCompare(since(other)) || one.name.localeCompare(other.name),
  );
}

/** Meta's code of a problem, and its subcode: "190/463"; empty where Meta said none. */
export function metaCode(problem: PageProblem): string {
  return [problem.meta_code, problem.meta_subcode].filter((each) => typeof each === "number").join("/");
}

function weight(problem: PageProblem): number {
  const found = SEVERITIES.indexOf(problem.severity ?? "not_running");
  return found < 0 ? SEVERITIES.length : found;
}
