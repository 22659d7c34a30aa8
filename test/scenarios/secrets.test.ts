import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectorView } from '../../control/shapes.ts';
import { configWithPlugins } from './fixture-plugins.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const secret = 'a-token-nobody-may-read';
const digest = createHash('sha256').update(secret).digest('hex');
const collector = (token: string): string =>
  `collector:\n  use: uses-secret\n  interval: 1s\n  options:\n    token: ${token}\n`;

describe('secrets', () => {
  let agent: RealAgent;
  let config: string;
  let directory: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'opsbro-secret-'));
    writeFileSync(join(directory, 'token'), `${secret}\n`, { mode: 0o600 });
    config = await configWithPlugins(['uses-secret']);
    agent = await startRealAgent({
      config,
      env: { OPSBRO_TEST_TOKEN: secret },
      files: {
        'as-text.yml': collector(secret),
        'from-file.yml': collector(`{ file: ${join(directory, 'token')} }`),
        'from-environment.yml': collector('{ env: OPSBRO_TEST_TOKEN }'),
        'from-nowhere.yml': collector(`{ file: ${join(directory, 'absent')} }`),
      },
    });
  });

  afterAll(async () => {
    await agent.dispose();
    rmSync(config, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(['as-text', 'from-file', 'from-environment'])('reaches the plugin %s', async (name) => {
    const view = await agent.until('a result', async () => {
      const found = await agent.get<CollectorView>(`/api/v1/collectors/${name}`);
      return found.state === 'ok' && found;
    });
    expect(view.results).toEqual({ digest });
  });

  it('fails the run and names the file when it cannot be read', async () => {
    const view = await agent.until('the error', async () => {
      const found = await agent.get<CollectorView>('/api/v1/collectors/from-nowhere');
      return found.state === 'error' && found;
    });
    expect(view.log).toContain(join(directory, 'absent'));
  });

  it('shows in no answer and in no log', async () => {
    const answers = await Promise.all(
      ['/api/v1/collectors?results=1', '/api/v1/config/objects', '/api/v1/agent', '/api/v1/plugins'].map(
        (path) => agent.get<unknown>(path),
      ),
    );
    expect(JSON.stringify(answers)).not.toContain(secret);
    expect(agent.output()).not.toContain(secret);
  });
});
