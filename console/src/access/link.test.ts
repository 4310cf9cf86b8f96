import { expect, test } from "vitest";
import { demoPeopleOf } from "./demo-people";
import { wayInOf } from "./link";

test("a link brings a code, or an address and a password", () => {
  expect(wayInOf("#code=pdc_a-b")).toEqual({ email: "", password: "", code: "pdc_a-b", demo: "" });
  expect(wayInOf("#email=mia%40example.com&password=a%2Bb")).toEqual({
    email: "mia@example.com",
    password: "a+b",
    code: "",
    demo: "",
  });
});

test("without a fragment it brings nothing", () => {
  expect(wayInOf("")).toEqual({ email: "", password: "", code: "", demo: "" });
});

test("a demo's link names who one can be", () => {
  const given = wayInOf("#demo=Mia,Vera:supervisor&password=x");
  expect(demoPeopleOf(given.demo)).toEqual([
    { name: "Mia", role: "agent", email: "mia@example.com" },
    { name: "Vera", role: "supervisor", email: "vera@example.com" },
  ]);
  expect(demoPeopleOf("")).toEqual([]);
});
