import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../bench/agent.ts';

/** A cable that is long, thin and bad. */
export interface Cable {
  /** How long a frame is on its way, ms: a relay in user space carries them between TAP devices. */
  delayMs: number;
  /** What each host may send, kbit/s, by `tc tbf`. */
  rateKbit: number;
  /** Of the packets that reach a host, by `nft numgen`. */
  lossPercent: number;
}

/** Where LANs of one process lie beside each other. */
let lans = 0;

/** Hosts on one cable, each a network namespace with one interface, joined by a bridge in a namespace of its own, or by a relay. */
export class Lan {
  readonly #prefix: string;
  readonly #hosts: number;
  readonly #cable: Cable | undefined;
  readonly #addresses: string[];
  #relay: ChildProcess | undefined;

  /** Throws where the kernel or the rights do not allow it; then nothing stays behind. */
  constructor(hosts: number, cable?: Cable) {
    lans += 1;
    this.#prefix = `opsbro-${process.pid}-${lans}`;
    this.#hosts = hosts;
    this.#cable = cable;
    this.#addresses = Array.from({ length: hosts }, (_, host) => `10.77.0.${host + 1}`);
    try {
      this.#build();
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get hosts(): number[] {
    return [...this.#addresses.keys()];
  }

  address(host: number): string {
    return this.#addresses[host] as string;
  }

  /** What runs a program on a host. */
  wrapper(host: number): string[] {
    return ['ip', 'netns', 'exec', this.#name(host)];
  }

  /** Resolves once the cable carries frames. A bridge always does. */
  async ready(): Promise<void> {
    if (this.#cable === undefined || this.#relay !== undefined) return;
    const script = join(packageRoot, 'test/scenarios/cluster/tap-relay.py');
    const words = [script, `${this.#cable.delayMs}`, ...this.hosts.map((host) => this.#name(host))];
    this.#relay = spawn('python3', words, { stdio: ['pipe', 'pipe', 'pipe'] });
    let failure = '';
    this.#relay.stderr?.on('data', (text) => {
      failure += text;
    });
    const ended = once(this.#relay, 'close').then(() => Promise.reject(new Error(`the relay: ${failure}`)));
    ended.catch(() => undefined);
    await Promise.race([once(this.#relay.stdout as NodeJS.ReadableStream, 'data'), ended]);
  }

  /** What `from` sends to `to` goes to a card that nobody has; the other way stays. */
  dropOneWay(from: number, to: number): void {
    const nobody = ['lladdr', '02:00:00:00:00:99', 'dev', 'eth0', 'nud', 'permanent'];
    ip('-n', this.#name(from), 'neigh', 'replace', this.address(to), ...nobody);
  }

  mend(from: number, to: number): void {
    ip('-n', this.#name(from), 'neigh', 'del', this.address(to), 'dev', 'eth0');
  }

  /** Pulls or plugs the cable of a host. */
  plug(host: number, isIn: boolean): void {
    ip('-n', this.#name('lan'), 'link', 'set', `v${host}`, isIn ? 'up' : 'down');
  }

  /** Lets nothing out of a host or into it; its card stays up. */
  silence(host: number, isOn: boolean): void {
    const chain = (hook: string): string =>
      `add chain inet silence ${hook} { type filter hook ${hook} priority 0; policy drop; }`;
    const rules = `add table inet silence; ${chain('input')}; ${chain('output')}`;
    run('ip', 'netns', 'exec', this.#name(host), 'nft', isOn ? rules : 'delete table inet silence');
  }

  /** Gives a host another address in place of its own. */
  renumber(host: number, address: string): void {
    const name = this.#name(host);
    // The first address of a network takes the others with it when it goes.
    ip('-n', name, 'address', 'del', `${this.address(host)}/24`, 'dev', 'eth0');
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    this.#addresses[host] = address;
  }

  /** Takes the namespaces away, and with them all that was in them. */
  dispose(): void {
    this.#relay?.kill('SIGKILL');
    for (let host = 0; host < this.#hosts; host += 1) spawnSync('ip', ['netns', 'delete', this.#name(host)]);
    spawnSync('ip', ['netns', 'delete', this.#name('lan')]);
  }

  #build(): void {
    const lan = this.#name('lan');
    ip('netns', 'add', lan);
    ip('-n', lan, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', lan, 'link', 'set', 'br0', 'up');
    for (const host of this.hosts) {
      const name = this.#name(host);
      ip('netns', 'add', name);
      if (this.#cable === undefined) {
        ip('-n', lan, 'link', 'add', `v${host}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
        ip('-n', lan, 'link', 'set', `v${host}`, 'master', 'br0', 'up');
      } else ip('-n', name, 'tuntap', 'add', 'dev', 'eth0', 'mode', 'tap');
      ip('-n', name, 'address', 'add', `${this.address(host)}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      if (this.#cable !== undefined) this.#spoil(name, this.#cable);
    }
  }

  #spoil(name: string, { rateKbit, lossPercent }: Cable): void {
    const shape = ['rate', `${rateKbit}kbit`, 'burst', '4kb', 'latency', '400ms'];
    run('tc', '-n', name, 'qdisc', 'add', 'dev', 'eth0', 'root', 'tbf', ...shape);
    const drop = `add rule inet bad input iifname "eth0" numgen random mod 100 < ${lossPercent} drop`;
    const rules = `add table inet bad; add chain inet bad input { type filter hook input priority 0; }; ${drop}`;
    run('ip', 'netns', 'exec', name, 'nft', rules);
  }

  #name(host: number | 'lan'): string {
    return `${this.#prefix}-${host}`;
  }
}

/** A lan, or why there can be none here; with OPSBRO_TEST_REQUIRE=all that throws. */
export function tryLan(hosts: number, cable?: Cable): Lan | string {
  try {
    return new Lan(hosts, cable);
  } catch (error) {
    if (process.env.OPSBRO_TEST_REQUIRE === 'all') throw error;
    return (error as Error).message;
  }
}

function ip(...words: string[]): void {
  run('ip', ...words);
}

function run(program: string, ...words: string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
}
