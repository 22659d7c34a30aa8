import { serviceKey } from '../nagios/assemble.ts';
import { addTo } from '../nagios/groups.ts';
import { listOf } from '../nagios/inherit.ts';
import type { NagiosConfiguration, Relation } from '../nagios/model.ts';
import type { ImportReport } from './report.ts';
import type { Subject } from './subject.ts';

/** Ids of the checks of the result, by host, or by host and service. */
export type CheckIds = ReadonlyMap<string, string>;

const noneOf = (criteria: string | undefined): boolean =>
  criteria === undefined || listOf(criteria).some((word) => word.startsWith('n'));

/** Finds what a check depends on: its host, the parents of a host, and dependencies. */
export class Parents {
  private readonly byDependent = new Map<string, Relation[]>();
  private readonly source: NagiosConfiguration;
  private readonly ids: CheckIds;
  private readonly report: ImportReport;

  constructor(source: NagiosConfiguration, ids: CheckIds, report: ImportReport) {
    this.source = source;
    this.ids = ids;
    this.report = report;
    for (const relation of source.dependencies) addTo(this.byDependent, keyOf(relation), relation);
  }

  /** Ids of checks, without repetition. */
  of(subject: Subject): string[] {
    const own = keyOf(subject);
    const hosts = subject.service === null ? this.parentsOf(subject) : [this.ids.get(subject.host)];
    const others = (this.byDependent.get(own) ?? []).map((relation) => this.masterOf(relation, subject));
    const found = [...hosts, ...others].filter((id): id is string => id !== undefined);
    return [...new Set(found)].filter((id) => id !== this.ids.get(own));
  }

  private parentsOf(subject: Subject): (string | undefined)[] {
    const parents = subject.get('parents');
    return listOf(parents?.value ?? '').map((name) => {
      const id = this.ids.get(name);
      if (id === undefined) {
        const why = this.source.hosts.has(name) ? 'has no check here' : 'does not exist';
        this.report.lose(parents!, subject.title, `its parent '${name}' ${why}`);
      }
      return id;
    });
  }

  private masterOf(
    { master, definition: { directives, place } }: Relation,
    { title }: Subject,
  ): string | undefined {
    const execution = directives.get('execution_failure_criteria');
    const notification = directives.get('notification_failure_criteria');
    if (master === null || (noneOf(execution?.value) && noneOf(notification?.value))) return undefined;
    const id = this.ids.get(keyOf(master));
    if (id === undefined) {
      this.report.lose(
        place,
        title,
        `what it depends on ('${master.service ?? master.host}') has no check here`,
      );
      return undefined;
    }
    if (!noneOf(execution?.value))
      this.report.change(
        execution!,
        title,
        'it goes on running while what it depends on is down; only notifications are held',
      );
    this.criteria(noneOf(notification?.value) ? undefined : notification, master.service === null, title);
    const period = directives.get('dependency_period');
    if (period !== undefined) this.report.lose(period, title, 'dependency_period: it depends at any time');
    return id;
  }

  /** Here a parent holds back while it is critical or unknown. */
  private criteria(
    directive: { value: string; place: Relation['definition']['place'] } | undefined,
    isHost: boolean,
    title: string,
  ): void {
    const letters = listOf(directive?.value ?? '').map((word) => word.charAt(0));
    const same = isHost ? ['d'] : ['c', 'u'];
    if (
      directive === undefined ||
      (letters.every((letter) => same.includes(letter)) && letters.length === same.length)
    )
      return;
    this.report.change(
      directive,
      title,
      `'${directive.value}': here notifications are held while what it depends on is critical or unknown`,
    );
  }
}

/** A host, or a service on it, as a key. */
export function keyOf({ host, service }: { host: string; service: string | null }): string {
  return service === null ? host : serviceKey(host, service);
}
