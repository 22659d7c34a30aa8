import { describe, expect, it } from 'vitest';
import { matcherText, matchesAll, parseMatchers } from '../../../alerting/suppression/matcher.ts';
import { check } from './facts.ts';

const disk = check('disk', { labels: { team: 'web', note: 'say "hi"' } });

describe('matchers', () => {
  it.each([
    [['disk'], true],
    [['Disk'], true],
    [['linux/check/disk'], true],
    [['check=disk'], true],
    [['check!=disk'], false],
    [['check!=linux/check/disk'], false],
    [['check=~d.*'], true],
    [['check=~d'], false],
    [['check!~d.*'], false],
    [['pack=linux', 'state=critical'], true],
    [['pack=linux', 'state=warning'], false],
    [['state=~warning|critical'], true],
    [['label.team=web'], true],
    [['label.team=~"web|db"'], true],
    [['label.team!~web|db'], false],
    [['label.owner='], true],
    [['label.owner!='], false],
    [['label.toString='], true],
    [[' label.note = "say \\"hi\\"" '], true],
  ])('%j fit a check: %j', (texts, expected) => {
    expect(matchesAll(parseMatchers(texts), disk)).toBe(expected);
  });

  it.each([
    ['ÄÖß', 'äöß', true],
    ['Kelvin', '\u212Aelvin', true],
    ['i\u0307', '\u0130', true],
    ['\u0130', 'i', false],
    ['disk', 'disk ', false],
  ])('find %j in %j whatever the case: %j', (value, label, expected) => {
    const fits = matchesAll(parseMatchers([`label.it=${value}`]), check('disk', { labels: { it: label } }));
    expect(fits).toBe(expected);
  });

  it.each([
    'check=disk',
    'label.team=~"a b|c"',
    'label.note="say \\"hi\\" \\\\ "',
    'label.owner=""',
    'state!=ok',
  ])('%s are printed as they are written', (text) => {
    expect(parseMatchers([text]).map(matcherText)).toEqual([text]);
  });

  it.each([
    [[], "no matcher is given; write one such as 'check=disks'"],
    [[''], "or a check's name"],
    [['disk*'], "or a check's name"],
    [['=disk'], "or a check's name"],
    [['colour=red'], "'colour' is no field; the fields are check, pack, state and label.NAME"],
    [['label.=x'], "'label.' is no field"],
    [['state=bad'], "'bad' is no state; the states are pending, ok"],
    [['check=~('], "the pattern '(' cannot be used"],
    [['check="disk'], 'its quotes are not closed'],
    [['check="disk" x'], 'its quotes are not closed at its end'],
    [[`check=${'x'.repeat(600)}`], 'it is longer than 512 characters'],
    [Array.from({ length: 21 }, () => 'disk'), 'more than 20 matchers'],
  ])('%j are refused', (texts, message) => {
    expect(() => parseMatchers(texts)).toThrow(message);
  });
});
