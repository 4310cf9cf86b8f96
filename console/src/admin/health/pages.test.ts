import { expect, test } from "vitest";
import type { FacebookPage, PageProblem } from "../kit/types";
import { pagesWithProblems, problemsOf, worstFirst } from "./pages";

const problem = (code: string, severity: string, since: string | null = null) =>
  ({ code, severity, detail: "", remedy: "", since }) as PageProblem;
const page = (name: string, problems: PageProblem[], warnings: PageProblem[] = []) =>
  ({ name, problems, warnings }) as unknown as FacebookPage;

test("the page that can send nothing comes first, then what has lasted longest", () => {
  const pages = [
    page("Well", []),
    page("Warned", [], [problem("silent", "warning")]),
    page("New", [problem("not_permitted", "not_running", "2026-12-01")]),
    page("Old", [problem("not_permitted", "not_running", "2026-11-01")]),
    page("Held", [problem("token_invalid", "holds_sends")]),
  ];
  expect(worstFirst(pages).map((each) => each.name)).toEqual(["Held", "Old", "New", "Warned", "Well"]);
  expect(pagesWithProblems(pages)).toHaveLength(4);
});

test("of one page the worst problem comes first", () => {
  const both = page("Both", [problem("not_permitted", "not_running"), problem("token_invalid", "holds_sends")]);
  expect(problemsOf(both).map((each) => each.code)).toEqual(["token_invalid", "not_permitted"]);
});
