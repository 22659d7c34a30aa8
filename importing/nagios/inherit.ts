import type { Faults } from './faults.ts';
import type { Definition, Directive, ObjectType } from './model.ts';

/** What a definition does not hand on. */
const own = new Set(['name', 'use', 'register']);
/** What a service asks its host for when it does not say it: `null` there is an answer, an empty one. */
const asked = new Set(['contacts', 'contact_groups', 'notification_period']);
const maxDepth = 64;
const maxValue = 64 * 1024;

/**
 * Resolves `use`: a definition gets what its templates say and it does not, from the first of them that says it. A value that begins with
 * `+` is added to the inherited one; `null` says that there is none: it is empty of a custom variable and of what a service would ask its host
 * for, else the directive is absent. Definitions with `register 0` are left out of the result.
 */
export function resolveTemplates(definitions: readonly Definition[], faults: Faults): Definition[] {
  return new Inheritance(definitions, faults).resolve(definitions);
}

class Inheritance {
  private readonly templates = new Map<string, Definition>();
  private readonly resolved = new Map<Definition, Map<string, Directive>>();
  private readonly open = new Set<Definition>();
  private readonly faults: Faults;

  constructor(definitions: readonly Definition[], faults: Faults) {
    this.faults = faults;
    for (const definition of definitions) {
      const name = definition.directives.get('name');
      if (name === undefined || name.value === '') continue;
      const key = keyOf(definition.type, name.value);
      const before = this.templates.get(key);
      if (before === undefined) this.templates.set(key, definition);
      else
        faults.add(
          name.place,
          `a ${definition.type} template '${name.value}' is defined before, at ${before.place.file}:${before.place.line}, which counts`,
        );
    }
  }

  resolve(definitions: readonly Definition[]): Definition[] {
    return definitions
      .filter(({ directives }) => directives.get('register')?.value !== '0')
      .map((definition) => ({
        ...definition,
        directives: finished(this.directivesOf(definition, 0)),
      }));
  }

  private directivesOf(definition: Definition, depth: number): Map<string, Directive> {
    const known = this.resolved.get(definition);
    if (known !== undefined) return known;
    const result = new Map(definition.directives);
    this.open.add(definition);
    for (const template of this.templatesOf(definition, depth)) {
      for (const [name, directive] of this.directivesOf(template, depth + 1)) {
        if (own.has(name)) continue;
        const mine = result.get(name);
        if (mine === undefined) result.set(name, directive);
        else if (mine.value.startsWith('+') && isAdditive(name))
          result.set(name, this.added(mine, directive, name));
      }
    }
    this.open.delete(definition);
    this.resolved.set(definition, result);
    return result;
  }

  private templatesOf({ type, directives }: Definition, depth: number): Definition[] {
    const use = directives.get('use');
    const found: Definition[] = [];
    for (const name of use === undefined ? [] : listOf(use.value)) {
      const template = this.templates.get(keyOf(type, name));
      if (use === undefined || template === undefined)
        this.faults.add(use!.place, `there is no ${type} template '${name}'`);
      else if (this.open.has(template))
        this.faults.add(use.place, `the template '${name}' uses itself, by way of this line`);
      else if (depth >= maxDepth)
        this.faults.add(use.place, `templates use each other more than ${maxDepth} levels deep`);
      else found.push(template);
    }
    return found;
  }

  /** `+` stays as long as the inherited value has one: the next template is added too. */
  private added(mine: Directive, inherited: Directive, name: string): Directive {
    if (inherited.value === 'null') return { ...mine, value: mine.value.slice(1) };
    const value = `${inherited.value},${mine.value.slice(1)}`;
    if (value.length <= maxValue) return { ...mine, value };
    this.faults.add(mine.place, `'${name}' grows over ${maxValue} characters by inheritance`);
    return mine;
  }
}

function keyOf(type: ObjectType, name: string): string {
  return `${type}\0${name}`;
}

function finished(directives: ReadonlyMap<string, Directive>): Map<string, Directive> {
  const result = new Map<string, Directive>();
  for (const [name, { value, place }] of directives) {
    const bare = value.startsWith('+') && isAdditive(name) ? value.slice(1) : value;
    if (bare !== '' && bare !== 'null') result.set(name, { value: bare, place });
    else if (bare === 'null' && (asked.has(name) || name.startsWith('_')))
      result.set(name, { value: '', place });
  }
  return result;
}

function isAdditive(name: string): boolean {
  return /members$|groups?$|group_name$|host_name$|contacts$|parents$|exclude$|commands$/.test(name);
}

/** The parts of a comma separated list, trimmed, without empty ones. */
export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
