/** Lets what uses the same thing follow each other: two runs of a handler at once would each forget what the other had it remember. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Acts once what took a turn before has ended, well or not. */
  take<Result>(name: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name);
    const turn = before === undefined ? act() : before.then(act, act);
    this.#last.set(name, turn);
    const leave = (): void => {
      if (this.#last.get(name) === turn) this.#last.delete(name);
    };
    turn.then(leave, leave);
    return turn;
  }
}
