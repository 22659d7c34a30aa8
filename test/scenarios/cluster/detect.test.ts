import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { opsbro } from '../cli-run.ts';
import { type RealAgent, startRealAgent } from '../real-agent.ts';
import { measuresNothing, members } from './agents.ts';
import { type Lan, tryLan } from './namespaces.ts';

/** One that is there, one that finds it, and one that finds both. */
const hosts = 3;
const proxy = 1;
const patientMs = 200_000;
const key = Buffer.alloc(16, 8).toString('base64');
const agents: RealAgent[] = [];
const lan = tryLan(hosts);

if (typeof lan === 'string' && process.env.OPSBRO_TEST_REQUIRE === 'all') throw new Error(lan);

/** Nobody is given a seed. The proxy listens on one address, the others on all. */
function start(host: number, args: string[] = []): Promise<RealAgent> {
  const network = lan as Lan;
  const address = host === proxy ? network.address(host) : '0.0.0.0';
  const files = {
    ...measuresNothing,
    'agent.yml': `display_name: host-${host}\n`,
    'gossip.yml': `gossip: {address: ${address}, key: ${key}, proxy: ${host === proxy}}\n`,
  };
  return startRealAgent({ files, args, wrapper: network.wrapper(host) });
}

/** Waits until an agent says what came of its detection, and gives the words. */
function outcome(agent: RealAgent): Promise<string> {
  const said = /^(?:joined |no other agent|\d+ agents answer|--auto-detect: ).*$/m;
  return agent.until('what came of it', async () => said.exec(agent.output())?.[0], patientMs);
}

/** Waits until an agent knows so many live nodes. */
async function knows(agent: RealAgent, count: number): Promise<void> {
  const alive = async (): Promise<number> =>
    (await members(agent)).filter(({ state }) => state === 'alive').length;
  await agent.until(`${count} nodes`, async () => (await alive()) === count, patientMs);
}

describe.skipIf(typeof lan === 'string')('agent start --auto-detect, on hosts without seeds', () => {
  beforeAll(async () => {
    agents.push(await start(0));
  });

  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.dispose()));
    (lan as Lan).dispose();
  });

  it('joins the first that answers where none of them is a proxy', async () => {
    const second = await start(proxy, ['--auto-detect']);
    agents.push(second);
    expect(await outcome(second)).toMatch(/^joined .+ \(10\.77\.0\.1:6768\)$/);
    await Promise.all(agents.map((agent) => knows(agent, 2)));
  });

  it('joins a proxy before all others', async () => {
    const third = await start(2, ['--auto-detect']);
    agents.push(third);
    expect(await outcome(third)).toMatch(/^joined .+ \(10\.77\.0\.2:6768\)$/);
    await Promise.all(agents.map((agent) => knows(agent, 3)));
  });

  it('says that nobody answers where the cable is out', async () => {
    const [, , third] = agents;
    (lan as Lan).plug(2, false);
    const alone = await opsbro(['--data', third!.data, 'gossip', 'detect', '--timeout', '500ms']);
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('no other node answered')]);
    (lan as Lan).plug(2, true);
  });

  it('finds all by hand, which joins nobody unless it is told to', async () => {
    const detect = ['--data', agents[0]!.data, 'gossip', 'detect', '--timeout', '1s'];
    const found = await agents[0]!.until(
      'both',
      async () => {
        const { json, code } = await opsbro([...detect, '--json']);
        const all = code === 0 ? json<{ address: string; proxy: boolean; joined?: boolean }[]>() : [];
        return all.length === 2 && all.sort((one, other) => (one.address < other.address ? -1 : 1));
      },
      patientMs,
    );
    expect(found.map(({ address, proxy: isProxy, joined }) => [address, isProxy, joined])).toEqual([
      ['10.77.0.2', true, undefined],
      ['10.77.0.3', false, undefined],
    ]);
    const joined = await opsbro([...detect, '--auto-join']);
    expect([joined.code, joined.stderr]).toEqual([
      0,
      expect.stringMatching(/Joining 10\.77\.0\.2:6768 \(.+\) : OK/),
    ]);
  });
});
