import type { Command } from 'commander';

/** A command line and what it is for. */
type Example = [line: string, why: string];

/** What `--help` of each verb shows, by noun and verb; without `opsbro`. A test tries their words and options. */
export const examples: { [verb: string]: Example[] } = {
  'agent start': [
    ['agent start --config my.d', 'in the foreground, my.d over the shipped configuration; ctrl-c stops it'],
    ['agent start --daemon', 'in the background; returns once it is initialized'],
    ['agent start --one-shot --log-level debug', 'run everything once and say what happens'],
  ],
  'agent stop': [['agent stop --data /var/lib/opsbro', 'the agent that keeps its data there']],
  'agent info': [
    ['agent info --show-logs', 'with the last errors and warnings'],
    ['agent info --json', 'for scripts'],
  ],
  'agent reload': [['agent reload', 'after a change, to see at once what it did']],
  'agent wait-initialized': [['agent wait-initialized --timeout 2m', 'in a script, after the start']],
  'agent print': [['agent print uuid', 'the identity of this node']],
  'agent modules state': [['agent modules state', "the same as 'opsbro plugins list'"]],
  'agent threads': [['agent threads', 'how many of each kind']],
  'agent keygen': [['agent keygen --json', 'nothing is written to disk']],
  'agent log list': [['agent log list', "what 'agent log follow' takes"]],
  'agent log follow': [
    ['agent log follow', 'everything from info on'],
    ['agent log follow collector/memory', 'one plugin, its debug events too'],
  ],
  'agent parameters show': [['agent parameters show', 'every key, and the file and line it comes from']],
  'agent parameters get': [['agent parameters get groups', 'one key']],
  'agent parameters set': [['agent parameters set display_name web-1', 'in agent.yml of the last directory']],
  'agent parameters add': [['agent parameters add groups web', 'a group of this host']],
  'agent parameters remove': [['agent parameters remove groups web', 'and out of it again']],
  'checks list': [['checks list', 'also those that do not apply here']],
  'checks state': [
    ['checks state', 'how this host does'],
    ['checks state --all', 'also the disabled, and those for groups this host is not in'],
    ['checks state --json', 'every check with all there is to know'],
  ],
  'checks show': [
    ['checks show memory', 'one check by its name'],
    ['checks show linux/check/memory', 'by its id, where several have that name'],
  ],
  'checks run': [['checks run memory', 'now, whatever its interval']],
  'checks wait-ok': [['checks wait-ok memory --timeout 5m', 'in a script, after a repair']],
  'checks history': [
    ['checks history --since 1h', 'what changed within the last hour'],
    ['checks history memory', 'one check'],
  ],
  'checks report': [
    ['checks report --since 30d', 'time in each state, problems and mean time to repair of a month'],
    ['checks report memory --since 7d --json', 'one check, for scripts'],
  ],
  'checks compare': [
    ['checks compare disks disks-new --since 7d', 'a check in shadow mode and the one it is to replace'],
  ],
  'explain check': [
    ['explain check disks', 'what it sees, what holds it back, who was told or why not'],
    ['explain check disks --at 03:12', 'as it was when the phone rang'],
    [
      'explain check disks --at 2h --since 30m --json',
      'two hours ago with the half hour before, for scripts',
    ],
  ],
  'downtime list': [['downtime list', 'what is planned, by files too']],
  'downtime add': [
    ['downtime add disks --duration 2h --comment "new disk"', 'from now on'],
    ['downtime add pack=linux --from 2026-12-24T18:00 --until 2026-12-27', 'the holidays'],
    ['downtime add label.team=db --cron "0 2 * * sun" --duration 3h --timezone Europe/Paris', 'every Sunday'],
    ['downtime add disks --hours "mon-fri 22:00-06:00" --flexible 30m', 'once a night, for half an hour'],
  ],
  'downtime remove': [['downtime remove backup', 'by its id']],
  'ack list': [['ack list --json', 'for scripts']],
  'ack add': [
    ['ack add disks --comment "ordered a new one"', 'until it recovers or becomes worse'],
    ['ack add disks --sticky --until 1d', 'also when it becomes worse, for a day at most'],
  ],
  'ack remove': [['ack remove disks', 'notify again']],
  'silence list': [['silence list', 'what is silent, until when, and why']],
  'silence add': [
    ['silence add disks --until resolved', 'until its problem is over'],
    ['silence add "label.team=~web|db" state=warning --duration 2h', 'warnings of two teams'],
    ['silence add pack=redis --until resolved,2026-12-24T18:00', 'whichever comes first'],
  ],
  'silence remove': [['silence remove tot4il2', 'by its id']],
  'handlers list': [['handlers list', 'who is told, and who could not be']],
  'handlers show': [['handlers show mail', 'one handler with all its counts']],
  'handlers test': [
    ['handlers test mail', 'does a mail arrive?'],
    ['handlers test mail --check disks --json', 'with what templates print of a check, for scripts'],
  ],
  'handlers outbox list': [
    ['handlers outbox list', 'what waits, and why it was not delivered'],
    ['handlers outbox list --handler mail', 'of one handler'],
  ],
  'handlers outbox retry': [
    ['handlers outbox retry 17 18', 'two of them, at once'],
    ['handlers outbox retry --all', 'once the mail server is back'],
  ],
  'handlers outbox drop': [['handlers outbox drop --all-dead', 'nobody needs to know any longer']],
  'collectors list': [['collectors list', 'which run here, and why others do not']],
  'collectors state': [['collectors state', 'with the error of each that fails']],
  'collectors show': [
    ['collectors show memory', 'the names to use in expressions, and their values'],
    ['collectors show --all', 'all collectors, also those without data'],
  ],
  'collectors run': [['collectors run diskusage', 'fresh values, whatever its interval']],
  'collectors watch': [
    ['collectors watch cpustats', 'redraws after each run; ctrl-c ends'],
    ['collectors watch cpustats --json --count 3', 'three runs, a document a line'],
  ],
  'collectors wait-ok': [['collectors wait-ok memory --timeout 10s', 'until it has values']],
  'collectors history': [['collectors history --since 1d', 'what failed and recovered']],
  'detectors list': [['detectors list', 'the rules, as written']],
  'detectors state': [['detectors state', 'which of them match here']],
  'detectors run': [['detectors run', 'after an installation, to have its groups at once']],
  'detectors wait-group': [['detectors wait-group redis --timeout 1m', 'until redis is found here']],
  'detectors history': [['detectors history --since 1d', 'which began or ceased to work']],
  groups: [['groups', 'each group, and the detectors that give it']],
  'groups list': [['groups list --json', 'for scripts']],
  'evaluator list': [['evaluator list --details', 'with what each function takes and does']],
  'evaluator eval': [
    ['evaluator eval "{{collector.memory.phys_used}} > 90"', 'on the values of now'],
    ['evaluator eval --explain "round({{collector.loadaverage.load1}}) + 1"', 'with the value of every part'],
    ['evaluator eval --as memory "{{parameters.memory.warning}}"', 'with what the check memory sees'],
  ],
  'evaluator wait-eval-true': [
    ['evaluator wait-eval-true "is_in_group(\'redis\')" --timeout 1m', 'in a script, until something holds'],
  ],
  'config check': [
    ['config check', 'the directories of the running agent, else the shipped ones'],
    ['config check --strict my.d', 'my.d before it goes live; warnings count'],
  ],
  'config status': [['config status', 'is what I saved in force?']],
  'config plan': [
    ['config plan', 'what a reload would do now'],
    ['config plan my.d', 'what a start with my.d would'],
  ],
  'config show': [
    ['config show', 'all ids'],
    ['config show linux/check/memory', 'each key, and the file and line it comes from'],
    ['config show agent', 'the settings of the agent'],
  ],
  'config schema': [['config schema', 'for a file that editors are pointed at']],
  'config test': [
    ['config test', 'the tests of every check'],
    ['config test linux my-check', 'those of a pack and of one check'],
  ],
  'packs list': [['packs list', 'what is there']],
  'packs show': [['packs show linux', 'its objects, and the parameters to change']],
  'packs overload': [['packs overload linux --config my.d', 'to change it as a whole']],
  'packs parameters get': [['packs parameters get linux.memory.warning', 'one value']],
  'packs parameters set': [
    ['packs parameters set linux.memory.warning 20 --config my.d', 'in my.d/linux/parameters.yml'],
  ],
  'packs parameters add': [['packs parameters add redis.hosts 10.0.0.1', 'to a list']],
  'packs parameters remove': [['packs parameters remove redis.hosts 10.0.0.1', 'from a list']],
  'plugins list': [['plugins list --kind collector', 'one kind, with runs, errors and durations']],
  'plugins show': [['plugins show collector/memory', 'its options, output and objects']],
  'plugins release': [['plugins release collector/memory', 'after its fault is mended']],
  'import nagios': [
    ['import nagios /etc/nagios4/nagios.cfg --dry-run', 'what it would carry, and what not'],
    ['import nagios /etc/nagios4/nagios.cfg --out my.d', 'the checks of this machine'],
    ['import nagios nagios.cfg --all-hosts --json > report.json', 'every host, a pack each'],
  ],
  'generate systemd': [
    ['generate systemd > /etc/systemd/system/opsbro.service', 'for the directories of now'],
  ],
  'generate initd': [['generate initd > /etc/init.d/opsbro', 'for the directories of now']],
  completion: [
    ['completion bash > /etc/bash_completion.d/opsbro', 'for everybody'],
    ['completion fish > ~/.config/fish/completions/opsbro.fish', 'for oneself'],
  ],
  version: [['version --json', "with Node's"]],
  banner: [['banner', 'for people']],
};

/** The examples of a command as `--help` ends with them; of a noun, where to find some. */
export function examplesText(command: Command): string {
  const verb = verbOf(command);
  const shown = examples[verb];
  if (shown === undefined) return `\n'opsbro ${verb === '' ? '<noun>' : verb} <verb> --help' shows examples`;
  const width = Math.max(...shown.map(([line]) => line.length));
  const lines = shown.map(([line, why]) => `  opsbro ${line.padEnd(width)}  # ${why}`);
  return ['', 'Examples:', ...lines].join('\n');
}

function verbOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at?.parent; at = at.parent) words.unshift(at.name());
  return words.join(' ');
}
