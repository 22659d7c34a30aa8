import type { Faults } from './faults.ts';
import { listOf } from './inherit.ts';
import type { Definition, Directive, Group } from './model.ts';

/** How the groups of one kind are written. */
interface Spelling {
  /** Directive of a group that names other groups. */
  nested: string;
  /** Reads the `members` of a group. */
  members(directive: Directive): Iterable<string>;
}

/** Gives every group its members: its own, those that name it, and those of the groups it holds. */
export function fillGroups(
  definitions: ReadonlyMap<string, Definition>,
  joined: ReadonlyMap<string, Iterable<string>>,
  { nested, members }: Spelling,
  faults: Faults,
): Map<string, Group> {
  const direct = new Map<string, Set<string>>();
  for (const [name, { directives }] of definitions) {
    const written = directives.get('members');
    direct.set(
      name,
      new Set([...(joined.get(name) ?? []), ...(written === undefined ? [] : members(written))]),
    );
  }
  const groups = new Map<string, Group>();
  for (const [name, definition] of definitions) {
    const all = new Set<string>();
    const reached = new Set([name]);
    for (const group of reached) {
      for (const member of direct.get(group) ?? []) all.add(member);
      const inner = definitions.get(group)?.directives.get(nested);
      for (const each of listOf(inner?.value ?? '')) {
        if (definitions.has(each)) reached.add(each);
        else if (group === name) faults.add(inner!.place, `there is no ${definition.type} '${each}'`);
      }
    }
    groups.set(name, { definition, members: all });
  }
  return groups;
}

/** Turns what names groups from its own side (`hostgroups` of a host) into members by group; a group that does not exist is a fault. */
export function joinedGroups(
  sides: Iterable<[member: string, directive: Directive | undefined]>,
  groups: ReadonlyMap<string, Definition>,
  kind: string,
  faults: Faults,
): Map<string, string[]> {
  const joined = new Map<string, string[]>();
  for (const [member, directive] of sides) {
    for (const name of listOf(directive?.value ?? '')) {
      if (!groups.has(name)) faults.add(directive!.place, `there is no ${kind} '${name}'`);
      else addTo(joined, name, member);
    }
  }
  return joined;
}

/** What a list such as `*,!old` or `web,db` picks from `names`, and what it leaves out by `!`. */
export function pick(
  directive: Directive | undefined,
  names: ReadonlyMap<string, unknown>,
  kind: string,
  faults: Faults,
): { taken: string[]; left: string[] } {
  const taken: string[] = [];
  const left: string[] = [];
  for (const part of listOf(directive?.value ?? '')) {
    const name = part.startsWith('!') ? part.slice(1).trim() : part;
    if (name === '*') (part.startsWith('!') ? left : taken).push(...names.keys());
    else if (names.has(name)) (part.startsWith('!') ? left : taken).push(name);
    else faults.add(directive!.place, `there is no ${kind} '${name}'`);
  }
  return { taken, left };
}

/** Adds to the list of a key. */
export function addTo<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
