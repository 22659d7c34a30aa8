import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** Adds the commands of one group below `program`. Called once, before parsing; options are not known yet. */
export type RegisterGroup = (program: Command, cli: CliContext) => unknown;

/** A first word of the command line: what help says about it, and the code that is loaded only when it is typed. */
export interface CommandGroup {
  name: string;
  alias?: string;
  summary: string;
  /** `words` are the operands typed so far, e.g. `['agent', 'parameters', 'get']`. */
  load: (words: string[]) => Promise<RegisterGroup>;
}

/** Every command group, in the order of `opsbro help`. A new group is one line here and one file. */
export const commandGroups: CommandGroup[] = [
  {
    name: 'agent',
    summary: 'run, stop, look at and reload the agent',
    load: async (words) => {
      const { registerAgent } = await import('./agent.ts');
      if (!words.includes('parameters')) return registerAgent;
      // `cli/parameters.ts` edits YAML: it gets the `agent` command as its program, and loads only when typed.
      const { registerParameters } = await import('./parameters.ts');
      return (program, cli) => registerParameters(registerAgent(program, cli), cli);
    },
  },
  {
    name: 'checks',
    alias: 'monitoring',
    summary: 'how this host does: states of the checks',
    load: async () => (await import('./checks.ts')).registerChecks,
  },
  {
    name: 'explain',
    summary: 'why a check is what it is, and why whom was told or not',
    load: async () => (await import('./explain.ts')).registerExplain,
  },
  {
    name: 'downtime',
    summary: 'planned time in which problems are not notified',
    load: async () => (await import('./downtime.ts')).registerDowntime,
  },
  {
    name: 'ack',
    summary: 'somebody knows of a problem: no more notifications of it',
    load: async () => (await import('./ack.ts')).registerAck,
  },
  {
    name: 'silence',
    summary: 'no notifications of some checks, from now on',
    load: async () => (await import('./silence.ts')).registerSilence,
  },
  {
    name: 'handlers',
    summary: 'who is told, and whether that works',
    load: async () => (await import('./handlers.ts')).registerHandlers,
  },
  {
    name: 'collectors',
    summary: 'what this host measures',
    load: async () => (await import('./collectors.ts')).registerCollectors,
  },
  {
    name: 'dashboards',
    summary: 'what is measured, drawn live',
    load: async () => (await import('./dashboards/dashboards.ts')).registerDashboards,
  },
  {
    name: 'metrics',
    summary: 'the history of what was measured, as charts',
    load: async () => (await import('./metrics.ts')).registerMetrics,
  },
  {
    name: 'detectors',
    summary: 'what this host is: the rules that give it groups',
    load: async () => (await import('./detectors.ts')).registerDetectors,
  },
  {
    name: 'groups',
    summary: 'the groups this host is in, and why',
    load: async () => (await import('./groups.ts')).registerGroups,
  },
  {
    name: 'gossip',
    summary: 'the cluster: its members, keys, zones and events',
    load: async () => (await import('./gossip/gossip.ts')).registerGossip,
  },
  {
    name: 'push',
    summary: 'the servers that report to this agent',
    load: async () => (await import('./push.ts')).registerPush,
  },
  {
    name: 'evaluator',
    summary: 'try expressions and list their functions',
    load: async () => (await import('./evaluator.ts')).registerEvaluator,
  },
  {
    name: 'config',
    summary: 'check, plan, show and test the configuration',
    load: async () => (await import('./config.ts')).registerConfig,
  },
  {
    name: 'packs',
    summary: 'list packs, show and edit their parameters',
    load: async () => (await import('./packs.ts')).registerPacks,
  },
  {
    name: 'plugins',
    summary: 'the plugins the agent knows and how they fare, and writing one',
    load: async () => (await import('./plugins.ts')).registerPlugins,
  },
  {
    name: 'api',
    summary: 'the routes of the HTTP API, and what each takes and answers',
    load: async () => (await import('./api.ts')).registerApi,
  },
  {
    name: 'tokens',
    summary: 'who may ask this agent over HTTP, and for what',
    load: async () => (await import('./tokens.ts')).registerTokens,
  },
  {
    name: 'web',
    summary: 'the web page of this agent, and who looks at it',
    load: async () => (await import('./web.ts')).registerWeb,
  },
  {
    name: 'import',
    summary: "turn another program's configuration into config.d",
    load: async () => (await import('./import.ts')).registerImport,
  },
  {
    name: 'generate',
    summary: 'print a systemd unit, an init script or the file of a resolver for this installation',
    load: async () => (await import('./generate.ts')).registerGenerate,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).registerCompletion,
  },
  {
    name: 'version',
    summary: 'print the version',
    load: async () => (await import('./version.ts')).registerVersion,
  },
  {
    name: 'banner',
    summary: 'print the banner',
    load: async () => (await import('./version.ts')).registerBanner,
  },
];
