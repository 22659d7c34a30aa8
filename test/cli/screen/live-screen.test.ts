import { expect, it } from 'vitest';
import { LiveScreen, terminalOf } from '../../../cli/screen/live-screen.ts';
import { Emulator } from './emulator.ts';

const host = (isTTY: boolean, env: { [name: string]: string } = {}) => {
  const stdout = { isTTY, write: () => true };
  return { stdout, stderr: stdout, env, uid: 1, root: '/' };
};

it('is for terminals that can move their cursor', () => {
  expect(terminalOf(host(true, { TERM: 'xterm' }), false)).not.toBeNull();
  expect(terminalOf(host(true, { TERM: 'dumb' }), false)).toBeNull();
  expect(terminalOf(host(false), false)).toBeNull();
});

it('gives the terminal back when what is shown fails', async () => {
  const terminal = new Emulator(4, 20);
  let resized = (): void => undefined;
  const output = {
    ...{ isTTY: true, columns: 20, rows: 4, write: (text: string) => terminal.send(text) },
    on: (_: 'resize', listener: () => void) => {
      resized = listener;
    },
    off: () => undefined,
  };
  const screen = new LiveScreen({ output, input: undefined, isColored: false, lost: undefined });
  const shown = screen.run(async () => {
    screen.show((canvas) => canvas.put(0, 0, `${canvas.width} wide`));
    expect(terminal.text()).toMatch(/^20 wide\n/);
    output.columns = 10;
    resized();
    expect(terminal.text()).toMatch(/^10 wide\n/);
    throw new Error('no');
  });
  await expect(shown).rejects.toThrow('no');
  expect([terminal.isAlternate, terminal.isCursorHidden, terminal.text().trim()]).toEqual([false, false, '']);
});

it('draws everything anew after a change of size, and only what changed otherwise', async () => {
  const sent: string[] = [];
  const output = { isTTY: true, columns: 8, rows: 1, write: (text: string) => sent.push(text) };
  const screen = new LiveScreen({ output, input: undefined, isColored: false, lost: undefined });
  const end = await screen.run(async () => {
    for (const text of ['load 1', 'load 2', 'load 2']) screen.show((canvas) => canvas.put(0, 0, text));
  });
  expect(end).toBe('done');
  expect(sent.slice(1, -1)).toEqual(['\u001b[2J\u001b[1;1Hload\u001b[1;6H1', '\u001b[1;6H2']);
  expect(screen.picture()).toEqual(['load 2']);
});
