import { expect, it } from 'vitest';
import { Keys } from './keys.ts';

const keys = () => new Keys(Buffer.alloc(32, 7));
const report = (key: string | null, mayRegister = false) => ({
  ...{ server: 'web1', key, ip: '192.0.2.1', at: 0, services: [], alerts: [], mayRegister },
});

it('judges who sends a report', () => {
  const all = keys();
  const hash = all.hash('web1', '1234');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  for (const kept of [hash, hash]) expect(all.judge(report('1234'), kept)).toEqual({ outcome: 'ok', hash });
  expect(all.judge(report('1235', true), hash).outcome).toBe('wrong-key');
  expect(all.judge(report(null), hash)).toEqual({ outcome: 'ok', hash: '' });
  for (const kept of [undefined, '']) {
    expect(all.judge(report('1234'), kept).outcome).toBe('unknown-server');
    expect(all.judge(report('1234', true), kept)).toEqual({ outcome: 'ok', hash });
  }
  expect(all.judge(report(null), '').outcome).toBe('ok');
});

it('remembers no key but those that were right, and these not as they are', () => {
  const all = keys();
  const hash = all.hash('web1', '1234');
  all.hash('web3', 'x'.repeat(1000));
  for (let number = 0; number < 100; number += 1) {
    all.judge({ ...report(`wrong ${number}`, true), server: `unknown ${number}` }, undefined);
    all.judge(report(`wrong ${number}`), hash);
  }
  expect(all.remembered).toBe(0);
  expect(all.judge(report('1234'), hash).outcome).toBe('ok');
  expect(all.remembered).toBe(1);
  // The one that is remembered is not taken for another's, nor where the server has another by now.
  expect(all.judge(report('1235'), hash).outcome).toBe('wrong-key');
  expect(all.judge(report('1234'), all.hash('web1', 'new')).outcome).toBe('wrong-key');
});
