import { ReplayedHost } from '../replay/replayed-host.ts';
import { atMost, type Bench, median, resultOf, shown } from './result.ts';

const now = 1_732_870_830;
const week = 604_800;

/**
 * How long seven days of one check take: its rule over numbers that differ at every moment, so that each is judged by the engine, six hours of
 * them every ten seconds and the rest every minute; the check runs every ten seconds, with handlers and a problem each hour. Without the start
 * of Node and the reading of the configuration.
 */
export const bench: Bench = async ({ brief, say }) => {
  const host = new ReplayedHost(now);
  try {
    const value = (time: number): number => (time % 3600 < 600 ? 95 : 20) + (time % 997) / 1000;
    host.series('loadaverage.load1', week, value);
    host.series('loadaverage.load5', week, (time) => value(time - 300));
    host.write(
      'busy.yml',
      'check:\n  interval: 10s\n  attempts: 3\n' +
        '  critical_if: "{{collector.loadaverage.load1}} > 90 and {{collector.loadaverage.load5}} > 0"\n' +
        '  critical_output: "\'load is %.2f\' % {{collector.loadaverage.load1}}"\n',
    );
    host.write('oncall.yml', 'handler:\n  use: exec\n  command: /bin/true\n  repeat_interval: 15m\n');
    const rounds: number[] = [];
    for (let round = 0; round < (brief ? 1 : 5); round += 1) {
      const began = performance.now();
      const { checks } = await host.replay(['local/check/busy'], week);
      rounds.push(performance.now() - began);
      const [one] = checks;
      say(
        `${shown(rounds.at(-1) ?? 0)} ms: ${one?.runs} runs over ${one?.resolution.map(({ points }) => points).join(' + ')} points, ` +
          `${one?.would?.problems.length} problems, ${one?.would?.notifications.length} notifications`,
      );
    }
    return resultOf('replay', 's', [atMost('seven days of one check', median(rounds) / 1000, 2)]);
  } finally {
    host.dispose();
  }
};
