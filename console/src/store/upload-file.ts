import { reportSignedOut } from "../api/client";
import { ApiProblem, NO_ANSWER, problemOf } from "../api/problems";

/** Upload a file and give its id; `key` makes a repetition the same upload. Throws an ApiProblem. */
export type Upload = (
  file: File,
  name: string,
  key: string,
  onProgress: (part: number) => void,
  signal: AbortSignal,
) => Promise<string>;

/** By XMLHttpRequest: `fetch` does not tell how much of a body has left. */
export const uploadFile: Upload = (file, name, key, onProgress, signal) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/attachments?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", key);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(event.loaded / event.total);
      }
    });
    request.addEventListener("load", () => {
      if (request.status === 201) {
        resolve((JSON.parse(request.responseText) as { id: string }).id);
        return;
      }
      const retryAfter = request.getResponseHeader("Retry-After");
      const headers = new Headers(retryAfter === null ? {} : { "Retry-After": retryAfter });
      void problemOf(new Response(request.responseText, { status: request.status, headers })).then((problem) => {
        if (problem.code === "unauthenticated") {
          reportSignedOut();
        }
        reject(problem);
      });
    });
    for (const failed of ["error", "timeout", "abort"]) {
      request.addEventListener(failed, () => reject(new ApiProblem(NO_ANSWER, 0, failed)));
    }
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
