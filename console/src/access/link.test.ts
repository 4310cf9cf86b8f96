import { expect, test } from "vitest";
import { wayInOf } from "./link";

test("a link brings a code, or an address and a password", () => {
  expect(wayInOf("#code=pdc_a-b")).toEqual({ email: "", password: "", code: "pdc_a-b" });
  expect(wayInOf("#email=mia%40example.com&password=a%2Bb")).toEqual({
    email: "mia@example.com",
    password: "a+b",
    code: "",
  });
});

test("without a fragment it brings nothing", () => {
  expect(wayInOf("")).toEqual({ email: "", password: "", code: "" });
});
