import { afterEach, expect, it } from 'vitest';
import type { ConfigPlan } from '../../../configuration/model.ts';
import { createWorkbench, type Workbench } from '../workbench.ts';

let bench: Workbench | undefined;
afterEach(() => bench?.dispose());

function load(files: { [path: string]: string }): ConfigPlan {
  bench = createWorkbench();
  for (const [path, text] of Object.entries(files)) bench.write(path, text);
  return bench.load();
}

const zones = ({ start }: ConfigPlan): unknown[] =>
  start.flatMap((object) => (object.kind === 'zone' ? [object.zone] : []));
const found = ({ diagnostics }: ConfigPlan): string[] =>
  diagnostics.map(({ message, place, severity }) => `${severity} ${place.line}:${place.column} ${message}`);

it('takes zones with those below them', () => {
  const plan = load({
    'zones/internet.yml': 'zone: {name: internet, sub-zones: [dmz, lan]}\n',
    'zones/others.yml': 'zone:\n  name: lan\n  encryption_key: abc\n',
  });
  expect(found(plan)).toEqual([]);
  expect(zones(plan)).toEqual([
    { name: 'internet', 'sub-zones': ['dmz', 'lan'] },
    { name: 'lan', 'sub-zones': [] },
  ]);
  expect(plan.start.find(({ kind }) => kind === 'zone')).toMatchObject({ id: 'zones/zone/internet' });
});

it.each([
  ['{sub-zones: [a]}', /lacks.*'name'/],
  ['{name: a b}', /letters, digits/],
  ['{name: a, subzones: [b]}', /'sub-zones'/],
  ['{name: a, sub-zones: [a]}', /^error 1:29 the zone 'a' is above 'a', or is that zone/],
])('refuses %s', (zone, message) => {
  const plan = load({ 'zones/a.yml': `zone: ${zone}\n` });
  expect(found(plan)).toEqual([expect.stringMatching(message)]);
  expect(zones(plan)).toEqual([]);
});

it.each([
  [
    'one below two',
    'zone: {name: b, sub-zones: [low]}',
    "the zone 'low' is below 'a' already; it can be below one only",
  ],
  ['a circle', 'zone: {name: low, sub-zones: [x, a]}', "the zone 'a' is above 'low', or is that zone"],
])('refuses %s, and leaves out the file that makes it', (_, text, message) => {
  const plan = load({ 'z/a.yml': 'zone: {name: a, sub-zones: [low]}\n', 'z/b.yml': `${text}\n` });
  expect(found(plan)).toEqual([expect.stringContaining(message)]);
  expect(zones(plan)).toEqual([{ name: 'a', 'sub-zones': ['low'] }]);
});
