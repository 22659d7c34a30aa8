import { describe, expect, it } from 'vitest';
import { Canvas } from '../../../cli/screen/canvas.ts';
import { Emulator } from './emulator.ts';

const drawn = (width: number, height: number, ...lines: string[]): Canvas => {
  const canvas = new Canvas(width, height);
  lines.forEach((line, y) => {
    canvas.put(0, y, line);
  });
  return canvas;
};

describe('a canvas', () => {
  it('leaves out what is outside, and wide characters that do not fit', () => {
    const canvas = new Canvas(4, 2);
    expect(canvas.put(2, 0, 'abc')).toBe(2);
    expect(canvas.put(0, 1, 'a漢字')).toBe(3);
    expect(canvas.put(0, 5, 'x')).toBe(0);
    expect(canvas.lines(false)).toEqual(['  ab', 'a漢']);
  });

  it('keeps marks with their characters, and control characters out', () => {
    expect(drawn(4, 1, 'e\u0301\u001b[2Jx\n').lines(false)).toEqual(['e\u0301x']);
  });

  it('takes the colours of a text, and no other sequence', () => {
    const canvas = new Canvas(8, 1);
    canvas.putStyled(0, 0, 'a\u001b[38;5;9mbc\u001b[0m\u001b[5md\u001b[2Je', 4);
    expect(canvas.lines(true)).toEqual(['a\u001b[0;38;5;9mbc\u001b[0md']);
    expect(canvas.lines(false)).toEqual(['abcd']);
  });
});

describe('the difference of two canvases', () => {
  it('is nothing of the same', () => {
    expect(drawn(5, 1, 'abc').difference(drawn(5, 1, 'abc'), true)).toBe('');
  });

  it('writes only the places that changed', () => {
    const before = drawn(10, 2, 'load 1.25', 'same');
    const after = drawn(10, 2, 'load 1.31', 'same');
    expect(after.difference(before, false)).toBe('\u001b[1;8H31');
  });

  it('writes a place whose colour alone changed where there are colours', () => {
    const after = new Canvas(3, 1);
    after.put(0, 0, 'a', '31');
    expect(after.difference(drawn(3, 1, 'a'), true)).toBe('\u001b[1;1H\u001b[0;31ma\u001b[0m');
    expect(after.difference(drawn(3, 1, 'a'), false)).toBe('');
  });

  it('makes a terminal show the later one', () => {
    const pictures = ['abc', 'a漢c', ' b 漢', '漢漢漢', 'x'].map((text) => drawn(8, 1, text));
    const terminal = new Emulator(1, 8);
    let shown: Canvas | null = null;
    for (const picture of pictures.filter((one) => !one.lines(false)[0]?.includes('漢'))) {
      terminal.send(picture.difference(shown, true));
      shown = picture;
      expect(terminal.text()).toBe(picture.lines(false).join('\n'));
    }
    // A wide character takes the place behind it along.
    expect(pictures[1]?.difference(pictures[0] as Canvas, false)).toBe('\u001b[1;2H漢c');
    expect(pictures[0]?.difference(pictures[1] as Canvas, false)).toBe('\u001b[1;2Hbc ');
  });
});
