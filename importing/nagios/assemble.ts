import { Faults } from './faults.ts';
import { Files } from './files.ts';
import { fillGroups, joinedGroups, pick } from './groups.ts';
import { listOf, resolveTemplates } from './inherit.ts';
import { readSource } from './main-file.ts';
import type { Definition, Directive, Group, NagiosConfiguration, ObjectType, Service } from './model.ts';
import { checkReferences } from './references.ts';
import { Relations } from './relations.ts';

const maxServices = 100_000;

/**
 * Reads a Nagios configuration from its main file. Never throws: what is wrong is a fault with its place, and the rest is read. Bounded:
 * 16 MiB a file, 64 MiB in all, 10,000 files, 200,000 definitions, 100,000 services.
 */
export function readNagios(path: string): NagiosConfiguration {
  return new Assembly(path).assemble();
}

/** Joins what names a service on a host. */
export function serviceKey(host: string, description: string): string {
  return `${host}\0${description}`;
}

class Assembly {
  private readonly path: string;
  private readonly faults = new Faults();
  private readonly byType = new Map<ObjectType, Definition[]>();

  constructor(path: string) {
    this.path = path;
  }

  assemble(): NagiosConfiguration {
    const { faults } = this;
    const files = new Files(faults);
    const { settings, users, definitions } = readSource(this.path, files, faults);
    for (const definition of resolveTemplates(definitions, faults)) {
      const list = this.byType.get(definition.type);
      if (list === undefined) this.byType.set(definition.type, [definition]);
      else list.push(definition);
    }
    this.refuseExpressions(settings);
    const hosts = this.named('host', 'host_name');
    const hostGroups = this.hostGroups(hosts);
    const services = this.services(hosts, hostGroups);
    const serviceGroups = this.serviceGroups(services);
    const contacts = this.named('contact', 'contact_name');
    const contactGroups = this.contactGroups(contacts);
    for (const type of ['host', 'service', 'hostescalation', 'serviceescalation'] as const)
      for (const each of this.of(type)) checkReferences(each, contacts, contactGroups, faults);
    const relations = new Relations({ hosts, hostGroups, services, serviceGroups }, faults);
    return {
      settings,
      users,
      hosts,
      commands: this.named('command', 'command_name'),
      contacts,
      periods: this.named('timeperiod', 'timeperiod_name'),
      hostGroups,
      serviceGroups,
      contactGroups,
      services: [...services.values()],
      dependencies: [
        ...this.of('hostdependency').flatMap((each) => relations.dependencies(each, false)),
        ...this.of('servicedependency').flatMap((each) => relations.dependencies(each, true)),
      ],
      escalations: [
        ...this.of('hostescalation').flatMap((each) => relations.escalations(each, false)),
        ...this.of('serviceescalation').flatMap((each) => relations.escalations(each, true)),
      ],
      extras: [...this.of('hostextinfo'), ...this.of('serviceextinfo')],
      files: files.count,
      faults: faults.list,
      moreFaults: faults.dropped,
    };
  }

  private of(type: ObjectType): Definition[] {
    return this.byType.get(type) ?? [];
  }

  private refuseExpressions(settings: ReadonlyMap<string, Directive>): void {
    for (const name of ['use_regexp_matching', 'use_true_regexp_matching']) {
      const setting = settings.get(name);
      if (setting?.value === '1')
        this.faults.add(
          setting.place,
          `'${name}' is on: names that are patterns are taken for plain names here`,
        );
    }
  }

  private named(type: ObjectType, key: string): Map<string, Definition> {
    const result = new Map<string, Definition>();
    for (const definition of this.of(type)) {
      const name = definition.directives.get(key);
      const before = result.get(name?.value ?? '');
      if (name === undefined) this.faults.add(definition.place, `this ${type} has no '${key}'`);
      else if (before === undefined) result.set(name.value, definition);
      else
        this.faults.add(
          name.place,
          `the ${type} '${name.value}' is defined before, at ${before.place.file}:${before.place.line}, which counts`,
        );
    }
    return result;
  }

  private hostGroups(hosts: ReadonlyMap<string, Definition>): Map<string, Group> {
    const definitions = this.named('hostgroup', 'hostgroup_name');
    const sides = [...hosts].map(([name, { directives }]): [string, Directive | undefined] => [
      name,
      directives.get('hostgroups'),
    ]);
    const joined = joinedGroups(sides, definitions, 'hostgroup', this.faults);
    const members = (directive: Directive): string[] => this.picked(directive, hosts, 'host');
    return fillGroups(definitions, joined, { nested: 'hostgroup_members', members }, this.faults);
  }

  private contactGroups(contacts: ReadonlyMap<string, Definition>): Map<string, Group> {
    const definitions = this.named('contactgroup', 'contactgroup_name');
    const sides = [...contacts].map(([name, { directives }]): [string, Directive | undefined] => [
      name,
      directives.get('contactgroups'),
    ]);
    const joined = joinedGroups(sides, definitions, 'contactgroup', this.faults);
    const members = (directive: Directive): string[] => this.picked(directive, contacts, 'contact');
    return fillGroups(definitions, joined, { nested: 'contactgroup_members', members }, this.faults);
  }

  private picked(directive: Directive, names: ReadonlyMap<string, unknown>, kind: string): string[] {
    const { taken, left } = pick(directive, names, kind, this.faults);
    const without = new Set(left);
    return taken.filter((name) => !without.has(name));
  }

  private services(
    hosts: ReadonlyMap<string, Definition>,
    hostGroups: ReadonlyMap<string, Group>,
  ): Map<string, Service> {
    const result = new Map<string, Service>();
    const byHostName = new Set<string>();
    for (const definition of this.of('service')) {
      const description = definition.directives.get('service_description')?.value;
      if (description === undefined) {
        this.faults.add(definition.place, "this service has no 'service_description'");
        continue;
      }
      const { named, all } = this.hostsOf(definition, hosts, hostGroups);
      for (const host of all) {
        const key = serviceKey(host, description);
        // A service that names its host goes over one that the host has by a group.
        const isOver = named.has(host) && !byHostName.has(key);
        if (result.has(key) && !isOver) {
          this.refuseDouble(definition, result.get(key) as Service, named.has(host) === byHostName.has(key));
          continue;
        }
        if (result.size >= maxServices) {
          this.faults.add(
            definition.place,
            `there are more than ${maxServices} services; the rest is left out`,
          );
          return result;
        }
        if (named.has(host)) byHostName.add(key);
        result.set(key, { host, description, definition });
      }
    }
    return result;
  }

  private refuseDouble(definition: Definition, before: Service, isFault: boolean): void {
    const { file, line } = before.definition.place;
    if (isFault && before.definition !== definition)
      this.faults.add(
        definition.place,
        `the service '${before.description}' on '${before.host}' is defined before, at ${file}:${line}, which counts`,
      );
  }

  private hostsOf(
    { type, place, directives }: Definition,
    hosts: ReadonlyMap<string, Definition>,
    hostGroups: ReadonlyMap<string, Group>,
  ): { named: Set<string>; all: Set<string> } {
    const own = pick(directives.get('host_name'), hosts, 'host', this.faults);
    const groups = pick(directives.get('hostgroup_name'), hostGroups, 'hostgroup', this.faults);
    const membersOf = (names: string[]): string[] =>
      names.flatMap((name) => [...hostGroups.get(name)!.members]);
    const left = new Set([...own.left, ...membersOf(groups.left)]);
    const named = new Set(own.taken.filter((name) => !left.has(name)));
    const all = new Set([...named, ...membersOf(groups.taken).filter((name) => !left.has(name))]);
    if (!directives.has('host_name') && !directives.has('hostgroup_name'))
      this.faults.add(place, `this ${type} names neither 'host_name' nor 'hostgroup_name'`);
    return { named, all };
  }

  private serviceGroups(services: ReadonlyMap<string, Service>): Map<string, Group> {
    const definitions = this.named('servicegroup', 'servicegroup_name');
    const sides = [...services].map(([key, { definition }]): [string, Directive | undefined] => [
      key,
      definition.directives.get('servicegroups'),
    ]);
    const joined = joinedGroups(sides, definitions, 'servicegroup', this.faults);
    const members = (directive: Directive): string[] => {
      const parts = listOf(directive.value);
      const pairs = parts.flatMap((host, index) =>
        index % 2 === 0 ? [serviceKey(host, parts[index + 1] ?? '')] : [],
      );
      for (const pair of pairs.filter((each) => !services.has(each)))
        this.faults.add(
          directive.place,
          `there is no service '${pair.split('\0')[1]}' on a host '${pair.split('\0')[0]}'`,
        );
      return pairs.filter((each) => services.has(each));
    };
    return fillGroups(definitions, joined, { nested: 'servicegroup_members', members }, this.faults);
  }
}
