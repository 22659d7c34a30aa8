import type { Faults } from './faults.ts';
import { addTo, pick } from './groups.ts';
import { listOf } from './inherit.ts';
import type { Definition, Directive, Group, Relation, Service } from './model.ts';

const maxRelations = 200_000;

interface Tables {
  hosts: ReadonlyMap<string, Definition>;
  hostGroups: ReadonlyMap<string, Group>;
  /** By host and description, joined by a NUL. */
  services: ReadonlyMap<string, Service>;
  serviceGroups: ReadonlyMap<string, Group>;
}

/** A host, or a service on it. */
interface End {
  host: string;
  service: string | null;
}

/** Spreads dependencies and escalations over the hosts and services they name. */
export class Relations {
  private count = 0;
  private readonly tables: Tables;
  private readonly byHost = new Map<string, string[]>();
  private readonly faults: Faults;

  constructor(tables: Tables, faults: Faults) {
    this.tables = tables;
    for (const { host, description } of tables.services.values()) addTo(this.byHost, host, description);
    this.faults = faults;
  }

  escalations(definition: Definition, isService: boolean): Relation[] {
    const found = this.isFull(definition, 0) ? [] : this.ends(definition, '', isService);
    if (this.isFull(definition, found.length)) return [];
    return found.map((end) => ({ ...end, master: null, definition }));
  }

  /** Without a dependent host a service depends on another of its own host. */
  dependencies(definition: Definition, isService: boolean): Relation[] {
    if (this.isFull(definition, 0)) return [];
    const { directives } = definition;
    const isElsewhere = ['host_name', 'hostgroup_name', 'servicegroup_name'].some((name) =>
      directives.has(`dependent_${name}`),
    );
    const found = isElsewhere ? this.ends(definition, 'dependent_', isService) : [];
    return this.ends(definition, '', isService).flatMap((master): Relation[] => {
      const dependents = isElsewhere ? found : this.onHost(definition, master.host);
      if (this.isFull(definition, dependents.length)) return [];
      return dependents
        .filter(({ host, service }) => host !== master.host || service !== master.service)
        .map((end) => ({ ...end, master, definition }));
    });
  }

  /** Counts more of them; true when that is too many, which is said once. */
  private isFull({ place }: Definition, more: number): boolean {
    const wasFull = this.count > maxRelations;
    this.count += more;
    if (wasFull || this.count <= maxRelations) return wasFull;
    this.faults.add(
      place,
      `dependencies and escalations spread to more than ${maxRelations}; the rest is left out`,
    );
    return true;
  }

  private onHost({ directives }: Definition, host: string): End[] {
    return this.servicesOn(directives.get('dependent_service_description'), host);
  }

  private ends({ directives }: Definition, prefix: string, isService: boolean): End[] {
    const { hosts, hostGroups, serviceGroups } = this.tables;
    const own = pick(directives.get(`${prefix}host_name`), hosts, 'host', this.faults);
    const groups = pick(directives.get(`${prefix}hostgroup_name`), hostGroups, 'hostgroup', this.faults);
    const membersOf = (names: string[]): string[] =>
      names.flatMap((name) => [...hostGroups.get(name)!.members]);
    const left = new Set([...own.left, ...membersOf(groups.left)]);
    const names = [...new Set([...own.taken, ...membersOf(groups.taken)])].filter((name) => !left.has(name));
    if (!isService) return names.map((host) => ({ host, service: null }));
    const service = directives.get(`${prefix}service_description`);
    const inGroups = pick(
      directives.get(`${prefix}servicegroup_name`),
      serviceGroups,
      'servicegroup',
      this.faults,
    )
      .taken.flatMap((name) => [...serviceGroups.get(name)!.members])
      .map((key) => this.tables.services.get(key) as Service)
      .map(({ host, description }): End => ({ host, service: description }));
    return [...names.flatMap((host) => this.servicesOn(service, host)), ...inGroups];
  }

  private servicesOn(directive: Directive | undefined, host: string): End[] {
    const parts = listOf(directive?.value ?? '');
    const left = new Set(parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1).trim()));
    const wanted = parts.flatMap((part) =>
      part === '*' ? (this.byHost.get(host) ?? []) : part.startsWith('!') ? [] : [part],
    );
    return [...new Set(wanted)]
      .filter((name) => !left.has(name))
      .flatMap((service): End[] => {
        if (this.tables.services.has(`${host}\0${service}`)) return [{ host, service }];
        this.faults.add(directive!.place, `there is no service '${service}' on '${host}'`);
        return [];
      });
  }
}
