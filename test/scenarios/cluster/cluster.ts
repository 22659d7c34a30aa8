import type { ClusterNode } from 'opsbro/sdk';
import type { AgentView } from '../../../control/shapes.ts';
import { type RealAgent, type RealAgentOptions, startRealAgent } from '../real-agent.ts';
import { measuresNothing, members } from './agents.ts';
import type { Lan } from './namespaces.ts';

/** Deaths, and the tries to find the dead again, take their time; a busy machine more. */
export const patientMs = 200_000;

/** A key of a zone, the same for the same number. */
export function keyOf(number: number): string {
  return Buffer.alloc(16, number).toString('base64');
}

/** One change of a node's state, as `gossip history` has it. */
export interface Change {
  at: string;
  node: string;
  state: string;
  accusers: { by: string; evidence: string; at: string }[];
}

/** Agents as members, at most one on each host of a LAN; each measures nothing. */
export class Cluster {
  readonly lan: Lan;
  readonly #agents = new Map<number, RealAgent>();
  readonly #uuids = new Map<number, string>();
  /** Each that was ever started: one that fails leaves nothing behind. */
  readonly #started: Promise<RealAgent>[] = [];

  constructor(lan: Lan) {
    this.lan = lan;
  }

  /** Starts the agent of a host, or one that was there before again: with its data and configuration. `gossip` is the value of that key of YAML. */
  async start(host: number, gossip: string, files: { [path: string]: string } = {}): Promise<RealAgent> {
    const before = this.#agents.get(host);
    const options =
      before === undefined
        ? { files: { ...measuresNothing, ...gossipFile(gossip), ...files } }
        : { data: before.data, config: before.config };
    const agent = await this.#begin(host, options);
    this.#agents.set(host, agent);
    this.#uuids.set(host, (await agent.get<AgentView>('/api/v1/agent')).uuid);
    return agent;
  }

  /** Starts an agent on every host, four at a time, and waits until they know each other by the first one. */
  async startAll(): Promise<void> {
    const { hosts } = this.lan;
    const gossip = `{address: 0.0.0.0, key: ${keyOf(1)}, seeds: [${this.lan.address(0)}]}`;
    await this.lan.ready();
    for (let first = 0; first < hosts.length; first += 4)
      await Promise.all(hosts.slice(first, first + 4).map((host) => this.start(host, gossip)));
    await this.allAlive();
  }

  /** Starts an agent on the host of another, of which nobody is asked. */
  beside(host: number, gossip: string): Promise<RealAgent> {
    return this.#begin(host, { files: { ...measuresNothing, ...gossipFile(gossip) } });
  }

  agent(host: number): RealAgent {
    const agent = this.#agents.get(host);
    if (agent === undefined) throw new Error(`nothing was started on host ${host}`);
    return agent;
  }

  uuid(host: number): string {
    return this.#uuids.get(host) ?? '';
  }

  /** The members as a host sees them; none while it cannot tell. */
  nodes(seenBy: number): Promise<ClusterNode[]> {
    return members(this.agent(seenBy));
  }

  /** Waits until one host sees another like that. */
  sees(seenBy: number, host: number, what: string, is: (node: ClusterNode) => boolean): Promise<ClusterNode> {
    return this.agent(seenBy).until(
      `${what} of host ${host} on host ${seenBy}`,
      async () => (await this.nodes(seenBy)).find((node) => node.uuid === this.uuid(host) && is(node)),
      patientMs,
    );
  }

  /** Waits until one host holds another for that. */
  believes(seenBy: number, host: number, state: ClusterNode['state']): Promise<ClusterNode> {
    return this.sees(seenBy, host, `state ${state}`, (node) => node.state === state);
  }

  /** Waits until each of these hosts sees all of them alive. */
  allAlive(hosts: readonly number[] = this.lan.hosts): Promise<unknown> {
    return Promise.all(hosts.flatMap((by) => hosts.map((host) => this.believes(by, host, 'alive'))));
  }

  /** What became of another host, or of all, as one host remembers it, oldest first. */
  async changes(seenBy: number, host?: number): Promise<Change[]> {
    const query = host === undefined ? '' : `?node=${this.uuid(host)}`;
    return await this.agent(seenBy).get<Change[]>(`/api/v1/gossip/history${query}`);
  }

  /** Which nodes but one were held dead, by whom and on what evidence, since a time in epoch ms: a line each. */
  async deaths(except?: number, sinceMs = 0): Promise<string[]> {
    return (await this.deathsAt(except, sinceMs)).map(({ text }) => text);
  }

  /** The same with the time of each, in epoch ms. */
  deathsAt(except?: number, sinceMs = 0): Promise<{ atMs: number; text: string }[]> {
    return this.#deaths(this.lan.hosts, (uuid) => uuid !== this.uuid(except ?? -1), sinceMs);
  }

  /** Which of these hosts one of them held dead since then. */
  async deathsAmong(hosts: readonly number[], sinceMs: number): Promise<string[]> {
    const isOne = (uuid: string): boolean => hosts.some((host) => this.uuid(host) === uuid);
    return (await this.#deaths(hosts, isOne, sinceMs)).map(({ text }) => text);
  }

  async #deaths(
    hosts: readonly number[],
    isMeant: (uuid: string) => boolean,
    sinceMs: number,
  ): Promise<{ atMs: number; text: string }[]> {
    const name = (uuid: string): string => `host ${this.lan.hosts.find((host) => this.uuid(host) === uuid)}`;
    const told: { atMs: number; text: string }[] = [];
    for (const by of hosts)
      for (const { node, state, at, accusers } of await this.changes(by)) {
        const atMs = Date.parse(at);
        if (state !== 'dead' || atMs < sinceMs || !isMeant(node)) continue;
        const why = accusers.map((one) => `${name(one.by)} ${one.evidence} ${one.at}`).join(', ');
        told.push({ atMs, text: `host ${by} held ${name(node)} dead at ${at}: ${why}` });
      }
    return told;
  }

  /** Ends every agent, and takes the LAN away. */
  async dispose(): Promise<void> {
    const started = await Promise.allSettled(this.#started);
    await Promise.all(started.map((one) => one.status === 'fulfilled' && one.value.dispose()));
    this.lan.dispose();
  }

  #begin(host: number, options: RealAgentOptions): Promise<RealAgent> {
    const starting = startRealAgent({ ...options, wrapper: this.lan.wrapper(host) });
    this.#started.push(starting);
    return starting;
  }
}

/** The file that makes an agent a member. */
export function gossipFile(gossip: string): { [path: string]: string } {
  return { 'gossip.yml': `gossip: ${gossip}\n` };
}
