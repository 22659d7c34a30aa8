import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentView } from '../../control/shapes.ts';
import { NagiosDaemon, nagiosAbsent } from './nagios-daemon.ts';
import { type RealAgent, startRealAgent } from './real-agent.ts';

const isRequired = process.env.OPSBRO_TEST_REQUIRE === 'all';
let agent: RealAgent | undefined;
let nagios: NagiosDaemon | undefined;

afterEach(async () => {
  await agent?.dispose();
  await nagios?.dispose();
});

it.skipIf(nagiosAbsent !== undefined && !isRequired)(
  `an agent exports its own groups and checks to nagios4, as they change${nagiosAbsent === undefined ? '' : ` (skipped: ${nagiosAbsent})`}`,
  async () => {
    const daemon = new NagiosDaemon();
    nagios = daemon;
    await daemon.start();
    const { objects, pipe, verifyCommand, reloadCommand } = daemon;
    agent = await startRealAgent({
      files: {
        'agent.yml': 'groups: [mine]\n',
        'hot.yml': `check: {interval: 1s, critical_if: "1 > 2", ok_output: "'cool'"}\n`,
        'shinken.yml': [
          'shinken:',
          '  monitoring_tool: nagios',
          `  cfg_path: ${objects}`,
          `  external_command_file: ${pipe}`,
          `  verify_command: ${verifyCommand}`,
          `  reload_command: ${reloadCommand}`,
          '  reload_quiet: 500ms',
          '  host_template: opsbro-host\n',
        ].join('\n'),
      },
    });
    const { uuid } = await agent.get<AgentView>('/api/v1/agent');
    const service = `service ${uuid}/Agent-hot`;
    const state = async () => daemon.status().get(service)?.get('current_state');
    await agent.until(
      'its host',
      async () => daemon.status().get(`host ${uuid}`)?.get('current_state') === '0',
      150_000,
    );
    await agent.until(
      'its verdict',
      async () => daemon.status().get(service)?.get('plugin_output') === 'cool',
      150_000,
    );
    expect(daemon.cache().get('hostgroup mine')?.get('members')).toBe(uuid);
    agent.write('hot.yml', `check: {interval: 1s, critical_if: "2 > 1", critical_output: "'hot'"}\n`);
    await agent.until('the change', async () => (await state()) === '2', 150_000);
    agent.write('agent.yml', 'groups: [yours]\n');
    await agent.until(
      'the group',
      async () => daemon.cache().get('hostgroup yours')?.get('members') === uuid,
      150_000,
    );
    expect(daemon.cache().has('hostgroup mine')).toBe(false);
    expect(daemon.verify()).toMatchObject({ clean: true });
    expect(await agent.stop()).toBe(0);
    expect(existsSync(join(objects, `${uuid}.cfg`))).toBe(true);
    expect(readFileSync(join(objects, `${uuid}.cfg`), 'utf8')).toContain('Agent-hot\n');
  },
);
