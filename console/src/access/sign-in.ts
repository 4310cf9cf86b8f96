import { api, bodyOf } from "../api/client";
import { ApiProblem } from "../api/problems";
import type { CurrentSignIn } from "../api/types";
import type { WayIn } from "./link";

const DEVICE_TOKEN = "pagedesk-device";

/** Who is signed in here; null for nobody. */
export async function currentSignIn(): Promise<CurrentSignIn | null> {
  try {
    return await bodyOf(api.GET("/v1/sign-in"));
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "unauthenticated") {
      return null;
    }
    throw error;
  }
}

/** Sign in, into a cookie. With a code, `password` is a new one of the first administrator's. */
export async function signIn({ email, password, code }: WayIn): Promise<void> {
  const begun = await bodyOf(
    api.POST("/v1/sign-in", {
      body: { email, password, cookie: true, code: code || null, device_token: localStorage.getItem(DEVICE_TOKEN) },
    }),
  );
  localStorage.setItem(DEVICE_TOKEN, begun.device_token);
}

/** End the sign-in, and show the way in again. */
export async function signOut(): Promise<void> {
  await api.POST("/v1/sign-out");
  location.reload();
}
