/** A check as the graph of dependencies needs it. */
export interface DependentCheck {
  id: string;
  name: string;
  pack: string;
  /** Names or ids of checks, and `group:NAME`. */
  dependsOn: readonly string[];
}

/** What is wrong with a `depends_on`. `index` is its place in the list. */
export interface DependencyFinding {
  check: string;
  index: number;
  message: string;
}

/** Who depends on whom. */
export interface DependencyGraph {
  /** Ids of everything above a check, near ones first; groups as `group:NAME`. Empty for a check without dependencies. */
  above(id: string): readonly string[];
  /** Ids of the checks that are below a check or `group:NAME`. */
  below(id: string): readonly string[];
  /** Names that mean no check or several, and cycles; what they are in depends on nothing for it. */
  findings: DependencyFinding[];
}

/** Resolves names and finds cycles. A name means the check of the same pack first. Pure; linear but for `above` and `below`, which walk. */
export function dependencyGraph(checks: readonly DependentCheck[]): DependencyGraph {
  const findings: DependencyFinding[] = [];
  const resolve = resolver(checks);
  const parents = new Map<string, string[]>();
  for (const check of checks) {
    const ids = check.dependsOn.map((name, index) => {
      const found = resolve(name, check);
      if ('id' in found) return found.id;
      findings.push({ check: check.id, index, message: found.message });
      return null;
    });
    if (ids.length > 0) parents.set(check.id, [...new Set(ids.filter((id) => id !== null))]);
  }
  for (const cycle of cyclesOf(parents)) {
    const [check = '', parent = ''] = cycle;
    const index = Math.max(
      0,
      checks.find(({ id }) => id === check)!.dependsOn.findIndex((name) => endsAs(name, parent)),
    );
    const message = `checks depend on each other in a circle: ${cycle.join(' → ')}; take one of these out`;
    findings.push({ check, index, message });
    parents.set(
      check,
      parents.get(check)!.filter((id) => id !== parent),
    );
  }
  const children = reversed(parents);
  return { findings, above: (id) => walk(parents, id), below: (id) => walk(children, id) };
}

function endsAs(name: string, id: string): boolean {
  return id === name || id.toLowerCase().endsWith(`/${name.toLowerCase()}`);
}

type Resolved = { id: string } | { message: string };

function resolver(checks: readonly DependentCheck[]): (name: string, from: DependentCheck) => Resolved {
  const ids = new Set(checks.map(({ id }) => id));
  const byName = new Map<string, DependentCheck[]>();
  for (const check of checks) {
    const key = check.name.toLowerCase();
    byName.set(key, [...(byName.get(key) ?? []), check]);
  }
  return (name, from) => {
    if (ids.has(name) || /^group:./.test(name)) return { id: name };
    const named = byName.get(name.toLowerCase()) ?? [];
    const near = named.filter(({ pack }) => pack === from.pack);
    const [found, other] = near.length > 0 ? near : named;
    if (found === undefined)
      return { message: `there is no check '${name}' to depend on; name a check or write 'group:NAME'` };
    if (other === undefined) return { id: found.id };
    return { message: `'${name}' may be ${named.map(({ id }) => id).join(' or ')}; write the whole id` };
  };
}

/** One cycle for each edge that closes one, in the order of the checks, from where it was entered and back to it. */
function cyclesOf(parents: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of parents.keys()) {
    // An explicit stack: a chain may be long.
    const path: { id: string; next: number }[] = done.has(start) ? [] : [{ id: start, next: 0 }];
    const onPath = new Set(path.map(({ id }) => id));
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const parent = parents.get(top.id)?.[top.next];
      top.next += 1;
      if (parent === undefined) {
        done.add(top.id);
        onPath.delete(top.id);
        path.pop();
      } else if (onPath.has(parent)) {
        const cycle = path.slice(path.findIndex(({ id }) => id === parent)).map(({ id }) => id);
        // Begins with the check whose edge closes it, so that this edge can be left out.
        cycles.push([top.id, ...cycle]);
      } else if (!done.has(parent)) {
        onPath.add(parent);
        path.push({ id: parent, next: 0 });
      }
    }
  }
  return cycles;
}

function reversed(edges: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const back = new Map<string, string[]>();
  for (const [from, targets] of edges)
    for (const to of targets) {
      const list = back.get(to);
      if (list === undefined) back.set(to, [from]);
      else list.push(from);
    }
  return back;
}

function walk(edges: ReadonlyMap<string, readonly string[]>, from: string): string[] {
  const found = new Set<string>();
  const open = [...(edges.get(from) ?? [])];
  for (const id of open) {
    if (found.has(id)) continue;
    found.add(id);
    open.push(...(edges.get(id) ?? []));
  }
  return [...found];
}
