import { serviceKey } from '../nagios/assemble.ts';
import { addTo } from '../nagios/groups.ts';
import { listOf } from '../nagios/inherit.ts';
import type { NagiosConfiguration, Relation } from '../nagios/model.ts';
import type { ImportReport } from './report.ts';
import type { Subject } from './subject.ts';

/** Ids of the checks of the result, by host, or by host and service. */
export type CheckIds = ReadonlyMap<string, string>;

const maxDepth = 64;

const noneOf = (criteria: string | undefined): boolean =>
  criteria === undefined || listOf(criteria).some((word) => word.startsWith('n'));

/** Finds what a check depends on: its host, the parents of a host, and dependencies. */
export class Parents {
  private readonly inFront = new Map<string, ReadonlySet<string>>();
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
    const hosts =
      subject.service === null
        ? this.parentsOf(subject)
        : [this.ids.get(subject.host), this.parentServiceOf(subject)];
    const others = (this.byDependent.get(own) ?? []).map((relation) => this.masterOf(relation, subject));
    const found = [...hosts, ...others].filter((id): id is string => id !== undefined);
    return [...new Set(found)].filter((id) => id !== this.ids.get(own));
  }

  private parentsOf(subject: Subject): (string | undefined)[] {
    const parents = subject.get('parents');
    const named = listOf(parents?.value ?? '');
    const names = named.length > 1 ? [...this.inFrontOf(subject.host)] : named;
    if (named.length > 1) {
      const left =
        names.length === 0 ? 'none of them' : `${names.join(', ')} alone, behind which all of them are`;
      this.report.change(
        parents!,
        subject.title,
        `it is cut off once all of '${named.join(',')}' are down, and one would do here: it depends on ${left}`,
      );
    }
    return names.map((name) => {
      const id = this.ids.get(name);
      if (id === undefined) {
        const why = this.source.hosts.has(name) ? 'has no check here' : 'does not exist';
        this.report.lose(parents!, subject.title, `its parent '${name}' ${why}`);
      }
      return id;
    });
  }

  /** The one parent of a service: another of its host, or a host and a service of it. */
  private parentServiceOf(subject: Subject): string | undefined {
    const parents = subject.get('parents');
    const words = listOf(parents?.value ?? '');
    if (parents === undefined || words.length > 2) {
      const what =
        'it is held back once all of its parents fail, and one would do here: it depends on none of them';
      if (parents !== undefined) this.report.change(parents, subject.title, what);
      return undefined;
    }
    const [service = '', host = subject.host] = words.reverse();
    const id = this.ids.get(keyOf({ host, service }));
    if (id === undefined)
      this.report.lose(parents, subject.title, `its parent '${parents.value}' has no check here`);
    return id;
  }

  /**
   * Hosts without which none of the parents of a host is reached, the nearest first: that one of several is down says nothing. Of those more than
   * 64 levels up nothing is said, nor of a circle.
   */
  private inFrontOf(host: string, depth = 0): ReadonlySet<string> {
    const known = this.inFront.get(host);
    if (known !== undefined) return known;
    this.inFront.set(host, new Set());
    const parents = listOf(this.source.hosts.get(host)?.directives.get('parents')?.value ?? '');
    const [first, ...others] = parents
      .filter((name) => this.source.hosts.has(name) && depth < maxDepth)
      .map((name) => new Set([name, ...this.inFrontOf(name, depth + 1)]));
    const found = new Set([...(first ?? [])].filter((name) => others.every((ways) => ways.has(name))));
    this.inFront.set(host, found);
    return found;
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
    if (this.byDependent.has(keyOf(master)) && directives.get('inherits_parent')?.value !== '1')
      this.report.change(
        place,
        title,
        'it depends on what that depends on as well: inherits_parent is always 1 here',
      );
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
