import { listOf } from '../nagios/inherit.ts';
import type { Definition, Directive, NagiosConfiguration } from '../nagios/model.ts';
import { numberOf } from './lasting.ts';
import { macroValues } from './macro-values.ts';
import type { MacroValues } from './macros.ts';

/** What a service takes from its host when it does not say it itself. */
const ofHost = new Set(['notification_interval', 'notification_period']);

/** A host or a service that becomes a check. */
export class Subject {
  readonly host: string;
  readonly definition: Definition;
  /** null for the host itself. */
  readonly service: string | null;
  readonly values: MacroValues;
  private readonly source: NagiosConfiguration;

  constructor(
    source: NagiosConfiguration,
    host: string,
    service: { description: string; definition: Definition } | null,
  ) {
    this.source = source;
    this.host = host;
    this.definition = service?.definition ?? (source.hosts.get(host) as Definition);
    this.service = service?.description ?? null;
    this.values = macroValues(source, service === null ? { host } : { host, service: service.definition });
  }

  get kind(): 'host' | 'service' {
    return this.service === null ? 'host' : 'service';
  }

  /** As reports name it. */
  get title(): string {
    return this.service === null ? `host '${this.host}'` : `service '${this.service}' on '${this.host}'`;
  }

  get(name: string): Directive | undefined {
    const own = this.definition.directives.get(name);
    const found =
      own ?? (ofHost.has(name) ? this.source.hosts.get(this.host)?.directives.get(name) : undefined);
    return found?.value === '' ? undefined : found;
  }

  number(name: string): number | undefined {
    return numberOf(this.get(name)?.value);
  }

  /** True for `1`; what is not given is `standing`. */
  flag(name: string, standing: boolean): boolean {
    const value = this.get(name)?.value;
    return value === undefined ? standing : value !== '0';
  }

  /** Names of its contacts; those of the host for a service that names nobody. */
  contacts(): string[] {
    const own = contactsOf(this.source, this.definition);
    const host = this.source.hosts.get(this.host);
    return own ?? (host === undefined ? undefined : contactsOf(this.source, host)) ?? [];
  }
}

/** Who a definition names by `contacts` and `contact_groups`, nobody by `null`; undefined when it has neither. */
export function contactsOf(
  { contacts, contactGroups }: NagiosConfiguration,
  { directives }: Definition,
): string[] | undefined {
  const named = directives.get('contacts');
  const groups = directives.get('contact_groups');
  if (named === undefined && groups === undefined) return undefined;
  const members = listOf(groups?.value ?? '').flatMap((name) => [
    ...(contactGroups.get(name)?.members ?? []),
  ]);
  return [...new Set([...listOf(named?.value ?? ''), ...members])].filter((name) => contacts.has(name));
}
