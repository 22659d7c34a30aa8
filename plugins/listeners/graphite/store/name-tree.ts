import { patternSteps, stepMatcher } from '../render/name-pattern.ts';
import type { FoundName } from '../series-reader.ts';

interface Branch {
  below: Map<string, Branch>;
  isLeaf: boolean;
}

const empty = (): Branch => ({ below: new Map(), isLeaf: false });

/** Names as a tree of their steps, for queries. */
export class NameTree {
  readonly #root = empty();

  add(name: string): void {
    let branch = this.#root;
    for (const step of name.split('.')) {
      const next = branch.below.get(step) ?? empty();
      branch.below.set(step, next);
      branch = next;
    }
    branch.isLeaf = true;
  }

  /** Takes a name away, and what leads to nothing else. */
  delete(name: string): void {
    const steps = name.split('.');
    const way = [this.#root];
    for (const step of steps) {
      const next = way.at(-1)!.below.get(step);
      if (next === undefined) return;
      way.push(next);
    }
    way.at(-1)!.isLeaf = false;
    for (let depth = steps.length; depth > 0; depth -= 1) {
      const branch = way[depth]!;
      if (branch.isLeaf || branch.below.size > 0) return;
      way[depth - 1]!.below.delete(steps[depth - 1]!);
    }
  }

  /** What a pattern names, see `SeriesReader`. */
  find(pattern: string): FoundName[] {
    let places: [path: string, branch: Branch][] = [['', this.#root]];
    for (const step of patternSteps(pattern)) {
      const matches = stepMatcher(step);
      places = places.flatMap(([path, { below }]) => {
        const one = below.get(step);
        const found: [string, Branch][] =
          one === undefined ? [...below].filter(([name]) => matches(name)) : [[step, one]];
        return found.map(([name, branch]): [string, Branch] => [
          path === '' ? name : `${path}.${name}`,
          branch,
        ]);
      });
    }
    return places.flatMap(([path, { isLeaf, below }]) => [
      ...(isLeaf ? [{ path, isLeaf: true }] : []),
      ...(below.size > 0 ? [{ path, isLeaf: false }] : []),
    ]);
  }
}
