import { changePreferences, currentPreferences } from "../store/preferences";

/** What the composer needs to know of a key. */
export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  isComposing: boolean;
  keyCode: number;
}

export type SendKey = "send" | "send_and_close";

/** An input method's own keys are not the person's: 229 is how some browsers tell of them. */
export function isOfInputMethod(pressed: Pick<Pressed, "isComposing" | "keyCode">): boolean {
  return pressed.isComposing || pressed.keyCode === 229;
}

/**
 * What a key asks for: Ctrl-Enter (on a Mac Cmd) sends, with Shift it closes the session, too. Enter alone sends
 * where a person has chosen that; Shift-Enter then makes a line.
 */
export function sendKeyOf(pressed: Pressed, doesEnterSend: boolean): SendKey | null {
  if (pressed.key !== "Enter" || pressed.altKey || isOfInputMethod(pressed)) {
    return null;
  }
  if (pressed.ctrlKey || pressed.metaKey) {
    return pressed.shiftKey ? "send_and_close" : "send";
  }
  return doesEnterSend && !pressed.shiftKey ? "send" : null;
}

/** Whether Enter alone sends, as this person has chosen. */
export function enterSends(): boolean {
  return currentPreferences().enterSends;
}

export function setEnterSends(wanted: boolean): void {
  changePreferences({ enterSends: wanted });
}
