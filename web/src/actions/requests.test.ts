import { describe, expect, it } from 'vitest';
import { actionRequest, emptyFields, isDuration, matcherFor, removalRequest } from './requests.ts';

const id = 'linux/check/disks';
const fields = { ...emptyFields, comment: "it's me" };

describe('an action', () => {
  it('acknowledges a problem', () => {
    expect(actionRequest('acknowledge', id, emptyFields, '')).toEqual({
      path: 'api/v1/acknowledgements',
      body: { check: id },
      command: `opsbro ack add ${id}`,
    });
    expect(actionRequest('acknowledge', id, { ...fields, until: '2h', isSticky: true }, 'web-1')).toEqual({
      path: 'api/v1/acknowledgements',
      body: { check: id, until: '2h', sticky: true, comment: "it's me", by: 'web-1' },
      command: `opsbro ack add ${id} --sticky --until 2h --comment 'it'\\''s me'`,
    });
  });

  it('silences, and plans a downtime', () => {
    expect(actionRequest('silence', id, { ...fields, until: 'resolved' }, 'me')).toEqual({
      path: 'api/v1/silences',
      body: { match: [id], until: 'resolved', comment: "it's me", by: 'me' },
      command: `opsbro silence add ${id} --until resolved --comment 'it'\\''s me'`,
    });
    expect(actionRequest('downtime', id, { ...emptyFields, duration: '30m' }, '')).toEqual({
      path: 'api/v1/downtimes',
      body: { match: [id], duration: '30m' },
      command: `opsbro downtime add ${id} --duration 30m`,
    });
  });

  it('is taken back', () => {
    expect(removalRequest({ kind: 'acknowledgement', id }, 'me')).toEqual({
      path: 'api/v1/acknowledgements/linux%2Fcheck%2Fdisks?by=me',
      command: `opsbro ack remove ${id}`,
    });
    expect(removalRequest({ kind: 'silence', id: 'a b' }, '')).toEqual({
      path: 'api/v1/silences/a%20b',
      command: "opsbro silence remove 'a b'",
    });
  });

  it('is for one check, whatever it is called', () => {
    expect(matcherFor('push/check/web 1/a=b')).toBe('check="push/check/web 1/a=b"');
    expect(matcherFor('push/check/w/"x\\')).toBe('check="push/check/w/\\"x\\\\"');
    expect(matcherFor(id)).toBe(id);
  });

  it.each([
    ['2h', true],
    ['90', true],
    ['1.5d', true],
    ['', false],
    ['soon', false],
    ['2h 3m', false],
  ])('takes the time %j: %j', (text, expected) => {
    expect(isDuration(text)).toBe(expected);
  });
});
