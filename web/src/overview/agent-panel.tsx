import type { ComponentChildren } from 'preact';
import type { AgentView } from '../../../control/shapes.ts';
import { useResource } from '../api/resource.ts';
import { Command } from '../parts/command.tsx';
import { Awaited, Facts } from '../parts/notes.tsx';
import { Panel } from '../parts/panel.tsx';
import { linkTo } from '../shell/route.ts';
import { spanText } from '../text/age.ts';
import { countText, numberText, sizeText } from '../text/quantity.ts';

const everyMs = 5000;

/** How the agent itself does. */
export function AgentPanel() {
  const { data, error } = useResource<AgentView>('api/v1/agent?ticks=1200', { everyMs });
  return (
    <Panel title="Agent" class="is-agent" aside={data && <span class="dim">{data.version}</span>}>
      <Awaited data={data} error={error} />
      {data !== undefined && <Facts facts={agentFacts(data)} />}
      {data !== undefined && data.logs.errors > 0 && <Command text="opsbro agent log follow" />}
    </Panel>
  );
}

function agentFacts(agent: AgentView): [string, ComponentChildren][] {
  const { notifications: told, configuration, plugins, logs, loop_delay_ms: delay } = agent;
  return [
    ['State', `${agent.state} for ${spanText(agent.uptime)}`],
    ['Processor', `${numberText(agent.cpu_percent)} %`],
    ['Memory', sizeText(agent.memory.rss_bytes)],
    ['Loop delay', `p99 ${numberText(delay.p99)} ms`],
    [
      'Notifications',
      <Worth
        key="n"
        isBad={told.dead > 0}
        text={`${told.waiting} waiting${told.dead > 0 ? `, ${told.dead} given up` : ''}`}
      />,
    ],
    [
      'Plugins',
      <a key="p" href={linkTo(['plugins'])}>
        <Worth
          isBad={plugins.troubled.length > 0}
          text={
            plugins.troubled.length === 0
              ? `${plugins.total}, all well`
              : `${plugins.troubled.length} of ${plugins.total} in trouble`
          }
        />
      </a>,
    ],
    [
      'Configuration',
      <a key="c" href={linkTo(['configuration'])}>
        <Worth isBad={configuration.errors > 0} text={findingsText(configuration)} />
      </a>,
    ],
    ['Log', <Worth key="l" isBad={logs.errors > 0} text={findingsText(logs)} />],
  ];
}

/** What there is of them; a zero that nobody looks for is left out. */
function findingsText({ errors, warnings }: { errors: number; warnings: number }): string {
  const told = [errors > 0 && countText(errors, 'error'), warnings > 0 && countText(warnings, 'warning')];
  return told.filter(Boolean).join(', ') || 'no errors';
}

/** Words that stand out where they tell of trouble. */
function Worth({ isBad, text }: { isBad: boolean; text: string }) {
  return isBad ? <strong class="is-critical">{text}</strong> : <span>{text}</span>;
}
