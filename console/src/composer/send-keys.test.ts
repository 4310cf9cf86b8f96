import { expect, test } from "vitest";
import { type Pressed, sendKeyOf } from "./send-keys";

const ENTER: Pressed = {
  key: "Enter",
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  isComposing: false,
  keyCode: 13,
};
const CTRL = { ...ENTER, ctrlKey: true };

test("Ctrl-Enter or Cmd-Enter sends, with Shift it closes the session too", () => {
  expect(sendKeyOf(CTRL, false)).toBe("send");
  expect(sendKeyOf({ ...ENTER, metaKey: true }, false)).toBe("send");
  expect(sendKeyOf({ ...CTRL, shiftKey: true }, false)).toBe("send_and_close");
  expect(sendKeyOf({ ...CTRL, key: "x" }, false)).toBeNull();
});

test("Enter alone makes a line, unless a person wants it to send", () => {
  expect(sendKeyOf(ENTER, false)).toBeNull();
  expect(sendKeyOf(ENTER, true)).toBe("send");
  expect(sendKeyOf({ ...ENTER, shiftKey: true }, true)).toBeNull();
});

test.each([{ isComposing: true }, { keyCode: 229 }])("C48 the Enter of an input method sends nothing: %o", (composing) => {
  expect(sendKeyOf({ ...CTRL, ...composing }, true)).toBeNull();
  expect(sendKeyOf({ ...ENTER, ...composing }, true)).toBeNull();
});
