import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { threadData } from '../plugin-fixtures.ts';

const lanes = fileURLToPath(new URL('../../../dist/threads/pool/job-lane.js', import.meta.url));
const rounds = 60;
const atOnce = 4;

/** Ends threads some turns of the loop later each time, from before they load anything until they have loaded all. */
const script = `
import { JobLane } from ${JSON.stringify(lanes)};
const stay = setInterval(() => {}, 1000);
const one = (turns) => new Promise((gone) => {
  const lane = new JobLane(${JSON.stringify(threadData)}, 0, { late() {}, gone, errand: () => new Promise(() => {}) });
  const next = () => {
    turns -= 1;
    if (turns > 0) setImmediate(next);
    else lane.retire();
  };
  next();
});
for (let round = 0; round < ${rounds}; round += 1)
  await Promise.all(Array.from({ length: ${atOnce} }, (_, lane) => one(round * 500 + lane * 100)));
console.log('all are gone');
clearInterval(stay);
`;

it('a thread that is ended while it loads its code takes nothing with it', () => {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...{ encoding: 'utf8', timeout: 120_000 },
  });
  expect([child.stderr, child.stdout, child.signal]).toEqual(['', 'all are gone\n', null]);
});
