import type { NodeCheck } from 'opsbro/sdk';
import { describe, expect, it } from 'vitest';
import { boundedRows, documentBytes, readChanges, sizeOf } from './check-row.ts';
import { DetailsDocument } from './details-document.ts';

const row = (id: string, output = 'fine'): NodeCheck => ({
  id: `p/check/${id}`,
  name: id,
  pack: 'p',
  state: 'ok',
  hard: true,
  since: 5,
  output,
  perfdata: '',
});
const ids = ({ changed }: { changed: NodeCheck[] }) => changed.map(({ name }) => name);

describe('a document of details', () => {
  it('tells what changed since a version, and the whole to a stranger', () => {
    const document = new DetailsDocument('e');
    document.set(1, [row('a'), row('b'), row('c')]);
    document.set(2, [row('a'), row('b', 'worse')]);
    expect(document.since('e', 1)).toMatchObject({ isFull: false, gone: ['p/check/c'] });
    expect(ids(document.since('e', 1))).toEqual(['b']);
    expect(document.since('e', 2)).toEqual({ isFull: false, changed: [], gone: [] });
    expect(document.since('other', 1)).toMatchObject({ isFull: true, gone: [] });
    expect(ids(document.since('', 0))).toEqual(['a', 'b']);
  });

  it('tells the whole to who asks with a version whose changes are forgotten', () => {
    const document = new DetailsDocument('e');
    document.set(
      1,
      Array.from({ length: 600 }, (_, index) => row(`a${index}`)),
    );
    document.set(
      2,
      Array.from({ length: 600 }, (_, index) => row(`b${index}`)),
    );
    document.set(3, []);
    expect(document.since('e', 1).isFull).toBe(true);
    expect(document.since('e', 2).isFull).toBe(false);
  });

  it('cuts texts at 1 KiB, no character halved, and stays within 256 KiB', () => {
    const [cut] = boundedRows([row('a', `x${'é'.repeat(2000)}`)]);
    expect(Buffer.byteLength(cut?.output ?? '')).toBe(1023);
    const many = boundedRows(Array.from({ length: 5000 }, (_, index) => row(`${index}`, 'x'.repeat(1000))));
    expect(sizeOf(many)).toBeLessThanOrEqual(documentBytes);
    expect(many.length).toBeGreaterThan(1000);
  });

  it.each(['no JSON', '1', '{"changed":[],"gone":[1]}', '{"changed":[{"id":1}],"gone":[]}', '{"changed":7}'])(
    'is not read from %s',
    (text) => {
      expect(readChanges(text)).toBeUndefined();
    },
  );
});
