import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HandlerEvent } from 'opsbro/sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AgentView, CheckView, HandlerView, OutboxEntryView } from '../../control/shapes.ts';
import { type CommandResult, command } from './cli-run.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

/** A service that takes events on a port of its own, which it keeps while it is down. */
class Hook {
  events: HandlerEvent[] = [];
  status = 200;
  port = 0;
  #server: Server | undefined;

  async up(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (this.status === 200)
          this.events.push(JSON.parse(Buffer.concat(chunks).toString()) as HandlerEvent);
        response.writeHead(this.status).end(this.status === 200 ? 'thanks' : 'no such channel');
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  keys(type: string): string[] {
    return this.events
      .filter((event) => event.type === type && /\/demo\/|\/canary\//.test(event.key))
      .map(({ key }) => key);
  }
}

let hook: Hook;
let agent: RealAgent | undefined;

beforeEach(async () => {
  hook = new Hook();
  await hook.up();
});

afterEach(async () => {
  await agent?.dispose();
  agent = undefined;
  await hook.down();
});

const handler = (more = ''): string =>
  `handler:\n  type: webhook\n  url: http://127.0.0.1:${hook.port}/hook\n${more}`;
const check = (sign: '<' | '>'): string => `check:\n  interval: 1s\n  critical_if: "1 ${sign} 2"\n`;
const cli = (...args: string[]): Promise<CommandResult> =>
  command(['--data', (agent as RealAgent).data, ...args]);
/** Of the checks below: what this machine has to say of itself is another matter. */
const entries = async (): Promise<OutboxEntryView[]> =>
  (await cli('handlers', 'outbox', 'list', '--json'))
    .json<OutboxEntryView[]>()
    .filter(({ key }) => key.includes('/demo/check/'));

it('tests a handler and shows the exchange, also one that is not enabled or fails', async () => {
  agent = await startRealAgent({
    files: {
      'demo/hook.yml': handler(),
      'demo/off.yml': handler('  enabled: false\n'),
      'demo/fine.yml': check('>'),
    },
  });
  const tested = await cli('handlers', 'test', 'hook', '--check', 'fine');
  expect(tested).toMatchObject({ code: 0, stderr: '' });
  expect(tested.stdout).toContain('event.type');
  expect(tested.stdout).toMatch(/debug http:\/\/127\.0\.0\.1:\d+\/…: answers 200: thanks/);
  expect(tested.stdout).not.toContain('with = {}');
  expect(tested.stdout).toContain('OK: delivered');
  const sent = hook.events.find(({ type }) => type === 'test');
  expect(sent?.data).toMatchObject({ name: 'fine' });
  expect(sent?.summary).toMatch(/^TEST of handler hook: check fine is /);

  const off = await cli('handlers', 'test', 'off');
  expect(off.code).toBe(0);
  expect(off.stdout).toContain('it is not enabled: only tests reach it');

  hook.status = 400;
  const refused = await cli('handlers', 'test', 'hook', '--json');
  expect(refused.code).toBe(1);
  expect(refused.json()).toMatchObject({ ok: false, code: 'OPSBRO_HOST_DELIVERY', permanent: true });
  const shown = await cli('handlers', 'test', 'hook');
  expect(shown.stdout).toMatch(
    /debug POST http:\/\/127\.0\.0\.1:\d+\/…: \d+ characters of application\/json/,
  );
  expect(shown.stdout).toMatch(/debug http:\/\/127\.0\.0\.1:\d+\/…: answers 400: no such channel/);
  await hook.down();
  const lost = await cli('handlers', 'test', 'hook');
  expect(lost.code).toBe(1);
  expect(lost.stdout).toMatch(/debug POST http:/);
  expect(lost.stdout).toMatch(/FAILED: OPSBRO_HOST_NETWORK: .*ECONNREFUSED/);

  expect(await cli('handlers', 'test', 'hok')).toMatchObject({ code: 2 });
  expect((await cli('handlers', 'test', 'hok')).stderr).toContain("did you mean 'hook'?");
  expect((await cli('handlers', 'test', 'hook', '--check', 'fin')).stderr).toContain("did you mean 'fine'?");
  expect((await cli('__complete', '--', 'handlers', 'test', 'ho')).stdout).toBe('hook\n');
  expect((await cli('__complete', '--', 'handlers', 'outbox', 'list', '--handler', 'o')).stdout).toBe(
    'off\n',
  );
  for (const words of [['list'], ['show', 'off'], ['outbox', 'list']]) {
    const result = await cli('handlers', ...words, '--json');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.json()).not.toBeNull();
  }
  const listed = await cli('handlers', 'list');
  // Failing where a busy host's own checks were told to the hook that refuses.
  expect(listed.stdout).toMatch(/^hook +webhook +(enabled|failing)/m);
  expect(listed.stdout).toMatch(/^off +webhook +disabled/m);
  expect((await cli('handlers', 'show', 'hook')).stdout).toMatch(/outbox: +\d+ waiting, \d+ dead/);
});

it('delivers once, when the service is back, what it could not before', async () => {
  await hook.down();
  agent = await startRealAgent({ files: { 'demo/hook.yml': handler(), 'demo/burns.yml': check('<') } });
  const running = agent;
  const [waits] = await running.until('a failed try', async () => {
    const found = await entries();
    return found[0]?.state === 'waiting' && found[0].attempts > 0 && found;
  });
  expect(waits).toMatchObject({ handler: 'hook', state: 'waiting', type: 'problem' });
  expect((await cli('handlers', 'list')).stdout).toMatch(/^hook +webhook +failing .* failed .*ECONNREFUSED/m);
  expect((await cli('agent', 'info')).stdout).toMatch(/Notifications +\d+ waiting {2}0 dead/);
  const one = await cli('handlers', 'outbox', 'show', String(waits?.serial));
  expect(one.stdout).toMatch(/^last error: .*ECONNREFUSED/m);
  expect(one.stdout).toMatch(/^event\.data\.state = critical$/m);
  expect(await cli('handlers', 'outbox', 'show', '999999')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no notification 999999 in the outbox'),
  });
  await hook.up();
  expect((await cli('handlers', 'outbox', 'retry', String(waits?.serial))).stdout).toMatch(
    /^OK: \d notifications? tried again now\n$/,
  );
  await running.until('the problem', async () => hook.keys('problem').length > 0);
  await running.until('an empty outbox', async () => (await entries()).length === 0);
  expect(hook.keys('problem')).toEqual([waits?.key]);
  const [view] = await running.get<HandlerView[]>('/api/v1/handlers');
  expect(view).toMatchObject({ failures_in_row: 0, last: { outcome: 'delivered' } });
});

it('tells at once of a template that cannot be filled, and delivers what waits once it can be', async () => {
  agent = await startRealAgent({
    files: {
      'demo/hook.yml': handler('  body_template: body.tpl\n'),
      'demo/templates/body.tpl': '{"all":\n{{ event | tojsn }}}',
      'demo/burns.yml': check('<'),
    },
  });
  const running = agent;
  const fault =
    /hook\.yml:4:18: warning: 'body_template' cannot be filled: \S+\/body\.tpl:2:12: filter not found: tojsn; did you mean 'tojson'\?$/m;
  expect((await cli('handlers', 'list')).stdout).toMatch(fault);
  expect(await cli('config', 'status')).toMatchObject({ code: 0, stdout: expect.stringMatching(fault) });
  await running.until('a failed try', async () => ((await entries())[0]?.attempts ?? 0) > 0);
  const [waits] = await entries();
  expect(waits).toMatchObject({ state: 'waiting', last_error: expect.stringContaining('not found: tojsn') });
  running.write('demo/templates/body.tpl', '{{ event | tojson }}');
  await running.until('a load', async () => !fault.test((await cli('handlers', 'list')).stdout));
  await cli('handlers', 'outbox', 'retry', String(waits?.serial));
  await running.until('the problem', async () => hook.keys('problem').includes(String(waits?.key)));
  running.write('demo/templates/body.tpl', '{{ event | tojson }');
  const reloaded = await cli('agent', 'reload');
  expect(reloaded).toMatchObject({ code: 0, stdout: expect.stringContaining('expected variable end') });
});

it('keeps what is refused until somebody tries it again or drops it', async () => {
  hook.status = 400;
  agent = await startRealAgent({ files: { 'demo/hook.yml': handler(), 'demo/burns.yml': check('<') } });
  const [dead] = await agent.until('a dead letter', async () => {
    const found = await entries();
    return found[0]?.state === 'dead' && found;
  });
  const serial = String(dead?.serial);
  expect(dead?.last_error).toContain('answers 400: no such channel');
  expect((await cli('__complete', '--', 'handlers', 'outbox', 'retry', '')).stdout).toContain(`${serial}\n`);
  expect((await agent.get<AgentView>('/api/v1/agent')).notifications).toMatchObject({
    dead: expect.any(Number),
  });
  expect(await cli('handlers', 'outbox', 'retry')).toMatchObject({ code: 2 });
  expect(await cli('handlers', 'outbox', 'drop', '9999')).toMatchObject({ code: 2 });
  hook.status = 200;
  expect((await cli('handlers', 'outbox', 'retry', '--all')).stdout).toMatch(
    /^OK: \d+ notifications? tried again now\n$/,
  );
  await agent.until('the problem', async () => hook.keys('problem').includes(dead?.key ?? ''));
  // The host may have had trouble of its own meanwhile.
  expect((await cli('handlers', 'outbox', 'drop', '--all-dead')).stdout).toMatch(
    /^OK: \d+ notifications? dropped\n$/,
  );
  const figures = await agent.until('the figures', async () => {
    type Figures = { failures_in_row: number };
    const { results } = await agent!.post<{ results: { handlers?: { [name: string]: Figures } } }>(
      '/api/v1/collectors/opsbro/run',
    );
    const hooked = results.handlers?.hook;
    // A run that was under way saw the figures of before.
    return hooked?.failures_in_row === 0 && hooked;
  });
  expect(figures).toMatchObject({
    waiting: expect.any(Number),
    dead: expect.any(Number),
    delivered: expect.any(Number),
  });
});

it('loses nothing of what waits when it is killed', async () => {
  await hook.down();
  const names = ['a', 'b', 'c', 'd', 'e'];
  const files = Object.fromEntries(names.map((name) => [`demo/${name}.yml`, check('<')]));
  agent = await startRealAgent({ files: { ...files, 'demo/hook.yml': handler() } });
  await agent.until('five problems', async () => {
    const checks = await (agent as RealAgent).get<CheckView[]>('/api/v1/checks');
    return names.every((name) => checks.some((one) => one.name === name && one.hard_state === 'critical'));
  });
  const waiting = await agent.until('five notifications', async () => {
    const found = await entries();
    return found.length === 5 && found.map(({ key }) => key).sort();
  });
  await agent.kill('SIGKILL');
  const { data, config } = agent;
  await hook.up();
  const killed = agent;
  agent = await startRealAgent({ data, config });
  await agent.until('all five', async () => new Set(hook.keys('problem')).size === 5);
  expect([...new Set(hook.keys('problem'))].sort()).toEqual(waiting);
  await agent.stop();
  await killed.dispose();
});

it('sends canaries through the outbox, and none again at a restart', async () => {
  agent = await startRealAgent({ files: { 'demo/hook.yml': handler('  canary: 1h\n') } });
  await agent.until('a canary', async () => hook.keys('canary').length === 1);
  const canary = async (): Promise<HandlerView['canary'] | undefined> =>
    (await (agent as RealAgent).get<HandlerView[]>('/api/v1/handlers'))[0]?.canary;
  await agent.until('its arrival', async () => (await canary())?.delivered === 1);
  const { data, config } = agent;
  expect(await agent.stop()).toBe(0);
  const stopped = agent;
  agent = await startRealAgent({ data, config });
  const before = await agent.get<AgentView>('/api/v1/agent');
  await agent.until('seconds of ticks', async () => {
    const { uptime } = await (agent as RealAgent).get<AgentView>('/api/v1/agent');
    return uptime >= before.uptime + 3;
  });
  expect(hook.keys('canary')).toHaveLength(1);
  expect(await canary()).toMatchObject({ interval: 3600, delivered: 1, overdue: false });
  expect((await cli('handlers', 'list')).stdout).toMatch(/^hook +webhook +enabled .*ago/m);
  await agent.stop();
  await stopped.dispose();
});
