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
  'agent internal show-threads': [['agent internal show-threads', "the same as 'opsbro agent threads'"]],
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
    ['checks state --problems', 'what is not well, and nothing else'],
    ['checks state cpu "web1/*"', 'some checks, by id or name'],
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
  'checks replay': [
    ['checks replay memory --since 7d', 'a check as its file is now, over the last week'],
    ['checks replay new/memory.yml --since 24h', 'a file that is not in the configuration yet'],
    ['checks replay memory --since 1h --until 03:30 --json', 'one night, for scripts'],
  ],
  'checks compare': [
    ['checks compare disks disks-new --since 7d', 'a check in shadow mode and the one it is to replace'],
  ],
  'explain check': [
    ['explain check disks', 'what it sees, what holds it back, who was told or why not'],
    ['explain check disks --at 03:12', 'as it was when the phone rang'],
    ['explain check disks --if critical', 'who would be called, and who not'],
    [
      'explain check disks --at 2h --since 30m --json',
      'two hours ago with the half hour before, for scripts',
    ],
  ],
  'downtime list': [['downtime list', 'what is planned, by files too']],
  'downtime add': [
    ['downtime add disks --duration 2h --comment "new disk"', 'from now on'],
    ['downtime add backup disks --from 23:00 --to 06:00', 'two checks, the coming night'],
    ['downtime add pack=linux --from 2026-12-24T18:00 --until 2026-12-27', 'the holidays'],
    ['downtime add label.team=db --cron "0 2 * * sun" --duration 3h --timezone Europe/Paris', 'every Sunday'],
    ['downtime add disks --hours "mon-fri 22:00-06:00" --flexible 30m', 'once a night, for half an hour'],
  ],
  'downtime remove': [['downtime remove backup', 'by its id']],
  'downtime history': [['downtime history --since 30d', 'when which one began and ended']],
  'ack list': [['ack list --json', 'for scripts']],
  'ack add': [
    ['ack add disks --comment "ordered a new one"', 'until it recovers or becomes worse'],
    ['ack add disks memory --until 18:00', 'two of them, for today'],
    ['ack add disks --sticky --until 1d', 'also when it becomes worse, for a day at most'],
  ],
  'ack remove': [['ack remove disks', 'notify again']],
  'ack history': [['ack history disks', 'who knew of its problems']],
  'silence list': [['silence list', 'what is silent, until when, and why']],
  'silence add': [
    ['silence add disks --until resolved', 'until its problem is over'],
    ['silence add "label.team=~web|db" state=warning --duration 2h', 'warnings of two teams'],
    ['silence add pack=redis --until resolved,2026-12-24T18:00', 'whichever comes first'],
  ],
  'silence remove': [['silence remove tot4il2', 'by its id']],
  'silence history': [['silence history --since 1d', 'what was silent, and who did it']],
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
  'handlers outbox show': [['handlers outbox show 17', 'one of them in full, as its handler gets it']],
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
  'dashboards list': [['dashboards list --json', 'for scripts']],
  'dashboards show': [
    ['dashboards show linux', 'live; q or ctrl-c ends'],
    ['dashboards show linux --interval 2s --occurences 30', 'every two seconds for a minute'],
    ['dashboards show cluster --json', 'what it shows at this moment, for scripts'],
  ],
  'metrics list': [
    ['metrics list "web1.*.load*" --from -6h', "what a pattern of Graphite's finds, and how it went"],
    ['metrics list --names', 'the names of all series'],
  ],
  'metrics show': [
    ['metrics show "*.loadaverage.load1" "*.cpustats.cpu_all._idle" --from -6h', 'a chart of each series'],
    ['metrics show "sumSeries(*.networktraffic.*.rx)" --csv > rx.csv', "any of Graphite's functions"],
  ],
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
  'push password': [
    ['push password ann', "a password for the push server's page, and what ui_auth keeps of it"],
  ],
  'push remove': [
    ['push remove web1/backup', 'a service that is no more, with its history; ten minutes to think it over'],
    ['push remove web1', 'a server with all of its services'],
  ],
  'push removed': [['push removed', 'what can be brought back, and until when']],
  'push undo': [['push undo web1/backup', 'with all of its history']],
  'push servers list': [['push servers list', 'who reports']],
  'push servers reset': [['push servers reset web1', 'somebody else took its name, or its key is lost']],
  'gossip members': [
    ['gossip members', 'who is there, by zone, and whose checks fail'],
    ['gossip members --detail', 'with uuids, versions and all addresses'],
  ],
  'gossip join': [['gossip join 10.0.0.2', 'the cluster of that node; HOST:PORT where its port is another']],
  'gossip detect': [
    ['gossip detect', 'who answers on this network'],
    ['gossip detect --auto-join --timeout 3s', 'and join a proxy, else the first that answers'],
  ],
  'gossip ping': [['gossip ping web-1', 'does it answer, and how soon']],
  'gossip leave': [
    ['gossip leave', 'this node goes, and is not missed'],
    ['gossip leave web-1', 'one that is dead and does not come back'],
  ],
  'gossip history': [
    ['gossip history --since 1h', 'who was suspected or died, by whose word'],
    ['gossip history web-1', 'one node'],
  ],
  'gossip wait-members': [
    ['gossip wait-members --name web-1', 'in a script, until that node is alive'],
    ['gossip wait-members --group redis --count 3 --timeout 2m', 'until three nodes of a group are alive'],
  ],
  'gossip events list': [['gossip events list', 'what was told in the last 300 seconds']],
  'gossip events add': [['gossip events add deploy --payload "version 3"', 'tell every node']],
  'gossip events wait': [
    ['gossip events wait deploy --timeout 5m', 'in a script, until somebody tells it'],
    ['gossip events wait deploy --new', 'not one of before'],
  ],
  api: [
    ['api', 'every route, and the right it takes'],
    ['api /api/v1/checks/memory', 'what one route takes and answers'],
    ['api --json > openapi.json', 'the OpenAPI document'],
  ],
  'tokens list': [['tokens list', 'who may ask over HTTP, and when they last did']],
  'tokens add': [
    ['tokens add grafana', 'may read; the token is printed this once'],
    ['tokens add deploy --scope write --expires 90d', 'may acknowledge and run checks too, for ninety days'],
  ],
  'tokens revoke': [['tokens revoke grafana', 'its next request is refused']],
  'web open': [
    ['web open', 'print an address for the browser of this host, to look'],
    ['web open --scope write --expires 8h', 'to acknowledge and plan downtimes too, for a working day'],
    ['web open --url https://monitor.example.org/opsbro', 'as a proxy shows the agent'],
  ],
  'web sessions list': [['web sessions list', 'who looks at the page, and until when']],
  'web sessions revoke': [['web sessions revoke web-5f0c9a1b', 'its page shows nothing any more']],
  'gossip keyring list': [['gossip keyring list', 'the ids of the keys; never the keys']],
  'gossip keyring install': [['gossip keyring install --file new.key', 'first, on every node']],
  'gossip keyring use': [['gossip keyring use 5f0c9a1b', 'then, on every node, by the id that list shows']],
  'gossip keyring remove': [['gossip keyring remove 09ab33de', 'at last the old one']],
  'gossip zone list': [['gossip zone list', 'which zones are seen from here']],
  'gossip zone change': [['gossip zone change dmz', 'this node moves']],
  'gossip zone key generate': [
    ['gossip zone key generate --zone lan', 'saves it here, and prints it for the others'],
  ],
  'gossip zone key import': [
    ['gossip zone key import --zone lan --key 8ULFDDmVt+ES+ITv0Hrrug==', 'what another node printed'],
  ],
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
    ['config plan', 'what a reload would do now, and which keys differ'],
    ['config plan my.d', 'what a start with my.d would'],
    ['config plan --replay 7d', 'and what the changed checks would have found in the last week'],
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
  'plugins new': [
    ['plugins new collector queue-depth', 'a folder with manifest, code, README and a test that passes'],
    ['plugins new check backups --single-file --dir my.d', 'one file, in a directory of the configuration'],
  ],
  'plugins check': [['plugins check queue-depth', 'before somebody is asked to approve it']],
  'plugins run': [
    ['plugins run queue-depth --once', 'what it yields now, and what that costs'],
    ['plugins run queue-depth --once --option percent=false', 'with another option'],
    ['plugins run my-handler --once --event problem --option url=http://127.0.0.1:8080', 'a handler'],
  ],
  'plugins test': [['plugins test queue-depth', 'before it is given to others']],
  'plugins dev': [['plugins dev queue-depth', 'while it is written: ctrl-c ends']],
  'plugins types': [['plugins types queue-depth', 'after a change of the options in plugin.yml']],
  'plugins approve': [
    ['plugins approve queue-depth', 'shows what it may do and what changed, and asks'],
    ['plugins approve collector/queue-depth --yes --json', 'for scripts, once somebody has looked'],
  ],
  'plugins revoke': [['plugins revoke queue-depth', 'it stops, and waits for approval again']],
  'plugins keygen': [['plugins keygen --out acme.key', 'and what agents need to know of it']],
  'plugins sign': [['plugins sign queue-depth --key acme.key', 'after its last change']],
  'plugins quarantine': [
    ['plugins quarantine collector/memory --reason "slows the disk"', 'until it is released'],
  ],
  'plugins release': [['plugins release collector/memory', 'after its fault is mended']],
  'import overc': [
    ['import overc /etc/overc/server.ini --dry-run', 'what would become of an OverC 1.0.9'],
    ['import overc mysql://overc:PASSWORD@db/overc --days 30', 'its data, with a month of states and alerts'],
  ],
  'import nagios': [
    ['import nagios /etc/nagios4/nagios.cfg --dry-run', 'what it would carry, and what not'],
    ['import nagios /etc/nagios4/nagios.cfg --out my.d', 'the checks of this machine'],
    ['import nagios nagios.cfg --all-hosts --json > report.json', 'every host, a pack each'],
  ],
  'generate systemd': [
    ['generate systemd > /etc/systemd/system/opsbro.service', 'for the directories of now'],
    ['generate systemd --monitor > /etc/systemd/system/overcli-monitor.service', 'for /etc/overc'],
  ],
  'generate initd': [
    ['generate initd > /etc/init.d/opsbro', 'for the directories of now'],
    ['generate initd --monitor > /etc/init.d/overcli-monitor', 'for /etc/overc'],
  ],
  'generate supervisor': [
    ['generate supervisor > /etc/supervisor/conf.d/opsbro.conf', 'for the directories of now'],
    ['generate supervisor --monitor my.ini', 'of overcli monitor, for one file'],
  ],
  'generate upstart': [
    ['generate upstart > /etc/init/opsbro.conf', 'for the directories of now'],
    ['generate upstart --monitor > /etc/init/overcli-monitor.conf', 'for /etc/overc'],
  ],
  'generate nginx': [
    [
      'generate nginx --name mon.example.com > /etc/nginx/sites-available/opsbro',
      'and what to tell the agent',
    ],
  ],
  'generate dnsmasq': [
    ['generate dnsmasq > /etc/dnsmasq.d/opsbro.conf', 'names of nodes for all of this host'],
  ],
  'generate resolved': [
    ['generate resolved > /etc/systemd/resolved.conf.d/opsbro.conf', 'the same, where systemd resolves'],
  ],
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
