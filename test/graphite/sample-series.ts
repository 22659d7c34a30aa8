import type { WrittenSeries } from './whisper-folder.ts';

const usual = '60s:1d,5min:7d,1h:1y';
const day = 86400;

const taggedNames = [
  'disk.used;dc=a;host=web1',
  'disk.used;dc=b;host=web2',
  'cpu;dc=a;host=web1',
  'cpu;dc=b;host=web2',
  'cpu;dc=b;host=web3',
];

/** Series with all that arithmetic stumbles over: gaps, zeros, resets, other steps, none at all. */
export const sampleSeries: { [name: string]: WrittenSeries } = {
  ...Object.fromEntries([1, 2, 3, 4, 5].flatMap((host) => Object.entries(seriesOf(host)))),
  'db.cpu.user': minutely(wave(500, 5, 10)),
  'db.gaps': minutely((index) => (Math.floor(index / 20) % 2 === 1 ? null : (index % 11) - 3)),
  'db.empty': minutely(() => null),
  'db.const': minutely(() => 7),
  'db.neg': minutely((index) => -(index % 19)),
  'db.zero': minutely((index) => (index % 3 === 0 ? index % 4 : 0)),
  'db.flag': minutely((index) => Math.floor(index / 30) % 2),
  'db.slow.five': { ...minutely((index) => (index % 29) * 1.5), retentions: '5min:7d', step: 300 },
  'db.slow.ten': {
    ...minutely((index) => index % 31),
    retentions: '10min:14d',
    aggregation: 'max',
    step: 600,
  },
  ...Object.fromEntries(taggedNames.map((name, index) => [name, minutely((at) => (at * (index + 1)) % 13)])),
  'week.a': {
    ...{ retentions: '1h:400d', aggregation: 'average', step: 3600, span: 30 * day },
    valueAt: (index, time) => 50 + 20 * Math.sin((time / day) * 2 * Math.PI) + ((index * 13) % 7) / 2,
  },
};

function seriesOf(host: number): { [name: string]: WrittenSeries } {
  return {
    [`web${host}.cpu.user`]: minutely(wave(900 + host * 77, 20, 30 + host)),
    [`web${host}.cpu.system`]: minutely((index) => (index % 5 === 0 ? null : ((index * host * 31) % 17) / 2)),
    [`web${host}.mem.used`]: {
      ...{ retentions: '10s:6h,60s:7d', aggregation: 'average', step: 10, span: 7200 },
      valueAt: wave(700, 1e9, 4e9 + host * 1e8),
    },
    [`web${host}.net.rx`]: { ...minutely((index) => (index * 1000 * host) % 65536), aggregation: 'last' },
    [`web${host}.req.count`]: { ...minutely((index) => (index * host) % 23), aggregation: 'sum' },
  };
}

function minutely(valueAt: (index: number, time: number) => number | null): WrittenSeries {
  return { retentions: usual, aggregation: 'average', step: 60, span: day, valueAt };
}

function wave(period: number, height: number, middle: number): (index: number, time: number) => number {
  return (index, time) => middle + height * Math.sin(time / period) + ((index * 7919) % 13) / 3;
}
