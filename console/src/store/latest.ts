/** Answers that may overtake each other: the one to what was asked last counts. */
export class Latest<T> {
  #asked = 0;
  #taken = 0;

  constructor(
    readonly read: () => Promise<T>,
    readonly take: (value: T) => void,
  ) {}

  async load(): Promise<void> {
    this.#asked += 1;
    const turn = this.#asked;
    const value = await this.read();
    if (turn > this.#taken) {
      this.#taken = turn;
      this.take(value);
    }
  }

  /** Take what came unasked: it is newer than every answer that is on its way. */
  told(value: T): void {
    this.#asked += 1;
    this.#taken = this.#asked;
    this.take(value);
  }
}
