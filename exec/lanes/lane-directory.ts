import { chmodSync, chownSync, mkdirSync, renameSync } from 'node:fs';
import { removeTree } from './remove-tree.ts';

/** Where the commands of one lane write: a directory of its user alone. */
export class LaneDirectory {
  readonly #first: string;
  #path: string;
  #owner = { uid: -1, gid: -1 };
  #moved: string[] = [];
  #moves = 0;

  constructor(path: string) {
    this.#first = path;
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  /** Makes it. -1 leaves it to the agent's own user. Throws what the system says. */
  open(owner = this.#owner): void {
    this.#owner = owner;
    mkdirSync(this.#path, { mode: 0o700 });
    chmodSync(this.#path, 0o700);
    chownSync(this.#path, owner.uid, owner.gid);
  }

  /**
   * Goes on with another directory, and gives the one so far another name in one step: from then on no order begins that was to write into it,
   * and whichever has begun has a file in what this returns. Throws what the system says, and then all is as before.
   */
  replace(): string {
    this.#moves += 1;
    const moved = `${this.#path}.past`;
    const [before, next] = [this.#path, `${this.#first}.${this.#moves}`];
    renameSync(before, moved);
    try {
      this.#path = next;
      this.open();
    } catch (thrown) {
      removeTree(next);
      this.#path = before;
      renameSync(moved, before);
      throw thrown;
    }
    this.#moved.push(moved);
    return moved;
  }

  /** Removes what was replaced. */
  clear(): void {
    for (const path of this.#moved.splice(0)) removeTree(path);
  }

  remove(): void {
    this.clear();
    removeTree(this.#path);
  }
}
