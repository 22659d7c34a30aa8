import type { Frame } from './board.ts';
import type { CheckFact, ClusterNode } from './fact.ts';

/** A check for tests: `local/check/NAME` unless an id is given. */
export function sampleCheck(name: string, more: Partial<CheckFact> = {}): CheckFact {
  return {
    ...{ id: `local/check/${name}`, name, display_name: name, pack: 'local', state: 'ok', hard: true },
    ...{ output: '', long_output: '', perfdata: '', since: 1000, last_run: 1000, stale: false, labels: {} },
    ...more,
  };
}

/** A service that a server pushes, for tests. */
export function samplePushed(server: string, service: string, more: Partial<CheckFact> = {}): CheckFact {
  const id = `push/check/${server}/${service}`;
  const labels = { server, service };
  return sampleCheck(`${server}/${service}`, { id, pack: 'push', labels, ...more });
}

/** A node of the cluster for tests. */
export function sampleNode(name: string, more: Partial<ClusterNode> = {}): ClusterNode {
  return {
    ...{ uuid: `uuid-${name}`, name, display_name: name, addresses: ['10.0.0.1'], port: 6768, zone: 'lan' },
    ...{ groups: ['linux'], state: 'alive', since: 1, incarnation: 1, version: '1', protocol: [1, 1] },
    ...{ proxy: false, checks_version: 0, failing: [], ...more },
  };
}

/** A snapshot for tests, of the stream `s` at number `seq`. */
export function sampleSnapshot(seq: number, checks: CheckFact[], nodes: ClusterNode[] = []): Frame {
  const node = { uuid: 'uuid-own', name: 'own', zone: 'lan' };
  const at = new Date(10_000).toISOString();
  return { type: 'snapshot', stream: 's', seq, at, data: { node, groups: ['linux'], checks, nodes } };
}

/** A frame that tells of a check, for tests. */
export function sampleChange(seq: number, data: CheckFact): Frame {
  return { type: 'check', seq, at: new Date(20_000 + seq).toISOString(), data };
}
