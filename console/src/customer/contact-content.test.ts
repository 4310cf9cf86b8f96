import { expect, test } from "vitest";
import type { Contact } from "../api/types";
import { contentOf, isEnough, textsOf } from "./contact-content";

const ADA = { name: "Ada", email: null, phone: "+49 30 1", number: null, fields: { Tier: "gold", Old: "x" } } as unknown as Contact;

test("a contact comes back from its form as it was, and fields that the business has no more stay", () => {
  expect(contentOf(textsOf(ADA, ["Tier", "Area"], null))).toEqual({
    name: "Ada",
    email: null,
    phone: "+49 30 1",
    number: null,
    fields: { Tier: "gold", Old: "x" },
  });
});

test("what is emptied is forgotten", () => {
  const texts = textsOf(ADA, ["Tier"], null);
  expect(contentOf({ ...texts, phone: " ", fields: { Tier: "", Old: "x" } })).toMatchObject({ phone: null, fields: { Old: "x" } });
});

test("a new contact begins with the customer's name and needs something to be known by", () => {
  expect(textsOf(null, [], "Ada").name).toBe("Ada");
  expect(isEnough(textsOf(null, [], "Ada"))).toBe(true);
  expect(isEnough(textsOf(null, ["Tier"], null))).toBe(false);
});
