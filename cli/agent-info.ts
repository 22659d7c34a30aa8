import type { AgentView } from '../control/shapes.ts';
import type { CliContext } from './context.ts';
import { type Paint, paintState } from './paint.ts';
import { formatAge, formatBytes, formatCount, formatMs, formatSeconds } from './quantities.ts';
import { hangText, plain } from './table.ts';

const checkStates = ['ok', 'warning', 'critical', 'unknown', 'pending', 'stale'] as const;
const labelWidth = 16;

/** Prints the state of the agent as one screen, or its view with --json. */
export async function showInfo(cli: CliContext, withLogs: boolean): Promise<void> {
  const agent = await (await cli.agent()).request<AgentView>('GET', '/api/v1/agent');
  cli.show(agent, () => infoText(agent, cli.paint, withLogs, Date.now(), cli.width));
}

/** The screen of `agent info`: header, host, health, technical figures, configuration, logs. Pure, so a test can read it. */
export function infoText(
  agent: AgentView,
  paint: Paint,
  withLogs: boolean,
  now: number,
  width: number,
): string {
  const sections: [string, [string, string][]][] = [
    ['Host', hostRows(agent, paint, width)],
    ['Monitoring', monitoringRows(agent, paint)],
    ['Agent', agentRows(agent, paint)],
    ['Configuration', configurationRows(agent, paint, now)],
  ];
  const lines = [header(agent, paint)];
  for (const [title, rows] of sections) {
    lines.push('', paint.cyan(paint.bold(title)));
    for (const [label, value] of rows) lines.push(`  ${paint.dim(label.padEnd(labelWidth))}${value}`);
  }
  lines.push(
    '',
    ...slowestLines(agent, paint),
    ...troubleLines(agent, paint),
    ...logLines(agent, paint, withLogs, now),
  );
  return lines.join('\n').trimEnd();
}

function header(agent: AgentView, paint: Paint): string {
  const name = plain(agent.display_name || agent.name);
  const alias =
    agent.display_name && agent.display_name !== agent.name ? paint.dim(` [${plain(agent.name)}]`) : '';
  const state = paintState(paint, agent.state, `● ${agent.state}`);
  return `${paint.bold('OpsBro')} ${agent.version}  ${paint.bold(name)}${alias}  ${state} ${paint.dim(
    `for ${formatSeconds(agent.uptime)}`,
  )}`;
}

function hostRows(agent: AgentView, paint: Paint, width: number): [string, string][] {
  const groups = [...agent.groups].sort().map(plain).join(', ');
  const indent = ' '.repeat(labelWidth + 2);
  return [
    ['Groups', hangText(indent, groups, width, String).trimStart() || paint.dim('none yet')],
    ['Zone', plain(agent.zone) || paint.dim('none')],
    ['UUID', agent.uuid],
  ];
}

function monitoringRows(agent: AgentView, paint: Paint): [string, string][] {
  const counts = checkStates
    .map((state) => [state, agent.checks[state]] as const)
    .filter(([state, count]) => state !== 'stale' || count > 0)
    .map(([state, count]) =>
      count === 0 ? paint.dim(`0 ${state}`) : paintState(paint, state, `${count} ${state}`),
    );
  const collectors = Object.entries(agent.collectors)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => paintState(paint, state, `${count} ${state}`));
  return [
    ['Checks', counts.join('  ')],
    ['Collectors', collectors.join('  ') || paint.dim('none yet')],
    ['Detectors', String(agent.detectors)],
    ...heldRows(agent, paint),
    ...notificationRows(agent, paint),
  ];
}

/** Nothing while nobody holds anything back. */
function heldRows({ notifications: { held } }: AgentView, paint: Paint): [string, string][] {
  const counts = [
    [held.acknowledged, 'acknowledged'],
    [held.in_downtime, 'in downtime'],
    [held.silenced, 'silenced'],
  ] as const;
  const shown = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return shown.length === 0 ? [] : [['Held back', paint.yellow(shown.join('  '))]];
}

/** Nothing while everybody was told of everything. */
function notificationRows({ notifications }: AgentView, paint: Paint): [string, string][] {
  const { waiting, dead, gone } = notifications;
  if (waiting + dead === 0) return [];
  const waits = waiting === 0 ? '0 waiting' : paint.yellow(`${waiting} waiting`);
  const whose = gone === 0 ? '' : `, ${gone === dead ? '' : `${gone} of them `}for a handler that is gone`;
  const buried = dead === 0 ? '0 dead' : paint.red(`${dead} dead${whose}`);
  const drops = gone === 0 ? '' : ", 'opsbro handlers outbox drop' takes them out";
  const advice = paint.dim(`'opsbro handlers outbox list' lists them${drops}`);
  return [['Notifications', `${waits}  ${buried}  ${advice}`]];
}

function agentRows(agent: AgentView, paint: Paint): [string, string][] {
  const { threads, memory, loop_delay_ms: delay, schedule } = agent;
  const running = Object.entries(threads).map(([kind, count]) => `${count} ${kind}`);
  const late = schedule.late + schedule.skipped === 0 ? paint.green : paint.yellow;
  const loop = `p50 ${formatMs(delay.p50)}  p99 ${formatMs(delay.p99)}  max ${formatMs(delay.max)}`;
  return [
    ['Pid', String(agent.pid)],
    ['Memory', `${formatBytes(memory.rss_bytes)} resident, ${formatBytes(memory.heap_bytes)} heap`],
    ['CPU', `${agent.cpu_percent.toFixed(1)} % of one core`],
    ['Loop delay', delay.p99 > 100 ? paint.yellow(loop) : loop],
    [
      'Schedule',
      `${formatCount(schedule.runs, 'run')}, ${late(`${schedule.late} late, ${schedule.skipped} skipped`)}`,
    ],
    ['Threads', running.join('  ')],
    ['Plugins', `${agent.plugins.total}${troubleCount(agent, paint)}`],
    ['Socket', plain(agent.socket)],
    ['Data', plain(agent.data)],
  ];
}

function troubleCount(agent: AgentView, paint: Paint): string {
  const { length } = agent.plugins.troubled;
  return length === 0 ? '' : paint.red(`, ${length} in trouble`);
}

function configurationRows(agent: AgentView, paint: Paint, now: number): [string, string][] {
  const { configuration: config } = agent;
  const errors =
    config.errors === 0 ? paint.green('0 errors') : paint.red(formatCount(config.errors, 'error'));
  const warnings =
    config.warnings === 0 ? paint.green('0 warnings') : paint.yellow(formatCount(config.warnings, 'warning'));
  const advice =
    config.errors + config.warnings === 0 ? '' : paint.dim("  'opsbro config status' lists them");
  return [
    ['Status', `${errors}, ${warnings}${advice}`],
    ['Loaded', `generation ${config.generation}, ${formatAge(config.loaded_at, now)}`],
    ['Objects', `${config.objects} in ${formatCount(config.files, 'file')}`],
    ['Directories', agent.config.map(plain).join(', ')],
  ];
}

function slowestLines(agent: AgentView, paint: Paint): string[] {
  if (agent.slowest.length === 0) return [];
  const width = Math.max(...agent.slowest.map((one) => one.plugin.length));
  return [
    paint.cyan(paint.bold('Slowest plugins')),
    ...agent.slowest.map(
      (one) =>
        `  ${plain(one.plugin).padEnd(width)}  ${formatMs(one.p99_ms).padStart(8)} p99  ${paint.dim(formatCount(one.runs, 'run'))}`,
    ),
    '',
  ];
}

function troubleLines(agent: AgentView, paint: Paint): string[] {
  if (agent.plugins.troubled.length === 0) return [];
  return [
    paint.cyan(paint.bold('Plugins in trouble')),
    ...agent.plugins.troubled.map((one) => `  ${one.id}  ${paintState(paint, one.state)}  ${plain(one.log)}`),
    '',
  ];
}

function logLines(agent: AgentView, paint: Paint, withLogs: boolean, now: number): string[] {
  const { logs } = agent;
  const errors = formatCount(logs.errors, 'error');
  const warnings = formatCount(logs.warnings, 'warning');
  const counts = `${logs.errors > 0 ? paint.red(errors) : errors}, ${logs.warnings > 0 ? paint.yellow(warnings) : warnings}`;
  const hidden = !withLogs && logs.last.length > 0;
  const lines = [
    `${paint.cyan(paint.bold('Logs'))}  ${counts}${hidden ? paint.dim("  '--show-logs' prints the last") : ''}`,
  ];
  if (!withLogs) return lines;
  for (const { at, level, message } of logs.last) {
    const word = level === 'error' ? paint.red(level.padEnd(7)) : paint.yellow(level.padEnd(7));
    lines.push(`  ${paint.dim(formatAge(at, now).padEnd(12))} ${word} ${plain(message)}`);
  }
  return lines;
}
