/** Values of which very many are the same: one of each is kept, of those that were asked for of late. */
export class Interned<Value> {
  readonly #known = new Map<string, Value>();
  readonly #most: number;

  /** What is known is forgotten when it is `most`: whoever has a value keeps it. */
  constructor(most = 1000) {
    this.#most = most;
  }

  /** The value of `key`, which is made where it is not known. */
  of(key: string, make: () => Value): Value {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= this.#most) this.#known.clear();
    const made = make();
    this.#known.set(key, made);
    return made;
  }
}
