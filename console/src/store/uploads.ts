import { ApiProblem } from "../api/problems";
import type { DraftFile } from "./drafts";
import { uniqueName } from "./unique-names";
import { type Upload as Send, uploadFile } from "./upload-file";

/** A file beside a draft: on its way to the desk, there, or refused. */
export interface FileChip {
  key: string;
  name: string;
  bytes: number;
  /** Null after a reload: the desk has the file then. */
  file: File | null;
  state: "uploading" | "ready" | "failed";
  /** From 0 to 1. */
  progress: number;
  id: string | null;
  problem: ApiProblem | null;
}

export interface FileLimits {
  bytes: number;
  extensions: readonly string[];
  /** The page sends no files. */
  isOff: boolean;
}

/** One conversation's files that wait to be sent. They live on while another conversation is open. */
export class Uploads {
  #chips: readonly FileChip[] = [];
  #ready: readonly DraftFile[] = [];
  #listeners = new Set<() => void>();
  #aborts = new Map<string, AbortController>();

  constructor(private readonly send: Send = uploadFile) {}

  get chips(): readonly FileChip[] {
    return this.#chips;
  }

  /** Those that can be sent; the same object until another one is. */
  get ready(): readonly DraftFile[] {
    return this.#ready;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Upload files, each by itself. What the desk would refuse anyway is not uploaded. */
  add(files: readonly File[], limits: FileLimits): void {
    for (const file of files) {
      const names = this.#chips.map((chip) => chip.name);
      const chip: FileChip = {
        key: crypto.randomUUID(),
        name: uniqueName(file.name === "" ? "file" : file.name, names),
        bytes: file.size,
        file,
        state: "uploading",
        progress: 0,
        id: null,
        problem: null,
      };
      const problem = refusal(chip, limits);
      this.#set([...this.#chips, problem === null ? chip : { ...chip, state: "failed", problem }]);
      if (problem === null) {
        void this.#upload(chip);
      }
    }
  }

  /** Upload once more, under the same key: the desk keeps no second copy. */
  retry(key: string): void {
    const chip = this.#chips.find((each) => each.key === key);
    if (chip !== undefined && chip.file !== null) {
      const fresh: FileChip = { ...chip, state: "uploading", progress: 0, problem: null };
      this.#replace(fresh);
      void this.#upload(fresh);
    }
  }

  remove(key: string): void {
    this.#aborts.get(key)?.abort();
    this.#set(this.#chips.filter((each) => each.key !== key));
  }

  /** Put back files that the desk has: from a kept draft, or that were not sent. */
  restore(files: readonly DraftFile[]): void {
    const known = new Set(this.#chips.map((chip) => chip.id));
    const missing = files.filter((file) => !known.has(file.id));
    if (missing.length > 0) {
      const chips = missing.map(
        ({ id, name, bytes }): FileChip => ({ key: id, name, bytes, file: null, state: "ready", progress: 1, id, problem: null }),
      );
      this.#set([...chips, ...this.#chips]);
    }
  }

  /** Take out what can be sent now. */
  take(): readonly DraftFile[] {
    const taken = this.#ready;
    this.#set(this.#chips.filter((chip) => chip.state !== "ready"));
    return taken;
  }

  async #upload(chip: FileChip): Promise<void> {
    const { file } = chip;
    if (file === null) {
      return;
    }
    const abort = new AbortController();
    this.#aborts.set(chip.key, abort);
    try {
      const id = await this.send(file, chip.name, chip.key, (progress) => this.#patch(chip.key, { progress }), abort.signal);
      this.#patch(chip.key, { state: "ready", progress: 1, id });
    } catch (error) {
      const problem = error instanceof ApiProblem ? error : new ApiProblem("no_answer", 0, String(error));
      this.#patch(chip.key, { state: "failed", problem });
    } finally {
      this.#aborts.delete(chip.key);
    }
  }

  #patch(key: string, fields: Partial<FileChip>): void {
    const chip = this.#chips.find((each) => each.key === key);
    if (chip !== undefined) {
      this.#replace({ ...chip, ...fields });
    }
  }

  #replace(chip: FileChip): void {
    this.#set(this.#chips.map((each) => (each.key === chip.key ? chip : each)));
  }

  #set(chips: readonly FileChip[]): void {
    this.#chips = chips;
    const ready = chips.flatMap(({ state, id, name, bytes }) => (state === "ready" && id !== null ? [{ id, name, bytes }] : []));
    if (String(ready.map((file) => file.id)) !== String(this.#ready.map((file) => file.id))) {
      this.#ready = ready;
    }
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

function refusal(chip: FileChip, limits: FileLimits): ApiProblem | null {
  if (limits.isOff) {
    return new ApiProblem("attachments_disabled", 409, "Agents may not send files on this page.");
  }
  if (chip.bytes > limits.bytes) {
    return new ApiProblem("file_too_large", 413, "The file is too large.", null, { max_bytes: limits.bytes } as object);
  }
  const extension = /\.([^.]+)$/.exec(chip.name)?.[1]?.toLowerCase() ?? "";
  if (!limits.extensions.includes(extension)) {
    return new ApiProblem("file_refused", 422, "Files of this type are not allowed.", null, { reason: "type_not_allowed" } as object);
  }
  return chip.bytes === 0 ? new ApiProblem("file_refused", 422, "The file is empty.", null, { reason: "empty" } as object) : null;
}
