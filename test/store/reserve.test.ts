import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reserve, reserveBytes } from '../../store/reserve.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'opsbro-reserve-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const has = (availableBytes: number) => async () => ({ availableBytes, totalBytes: 2 * availableBytes });
const file = () => join(scratch, 'reserve');
const size = async (): Promise<number> => (await stat(file()).catch(() => ({ size: 0 }))).size;

describe('Reserve', () => {
  it('sets room aside that takes blocks of the disk, where there is plenty', async () => {
    await new Reserve(scratch, has(15 * reserveBytes)).keep();
    expect(await size()).toBe(0);
    await new Reserve(scratch, has(16 * reserveBytes)).keep();
    const { blocks, mode } = await stat(file());
    expect(blocks * 512).toBeGreaterThanOrEqual(reserveBytes);
    expect(mode & 0o777).toBe(0o600);
  });

  it('makes one that was cut off whole again, and leaves a whole one', async () => {
    const reserve = new Reserve(scratch, has(100 * reserveBytes));
    await reserve.keep();
    const { mtimeMs } = await stat(file());
    await reserve.keep();
    expect((await stat(file())).mtimeMs).toBe(mtimeMs);
    await truncate(file(), 10);
    await Promise.all([reserve.keep(), reserve.keep(), reserve.settled()]);
    expect(await size()).toBe(reserveBytes);
  });

  it('is given up when it is there', async () => {
    const reserve = new Reserve(scratch, has(100 * reserveBytes));
    expect(await reserve.release()).toBe(false);
    await reserve.keep();
    expect(await reserve.release()).toBe(true);
    expect(await size()).toBe(0);
    expect(await reserve.release()).toBe(false);
  });

  it('is not tried again for an hour where it could not be written', async () => {
    let now = 0;
    const reserve = new Reserve(scratch, has(100 * reserveBytes), () => now);
    await mkdir(file());
    await reserve.keep();
    await rm(file(), { recursive: true, force: true });
    now = 3_599_999;
    await reserve.keep();
    expect(await size()).toBe(0);
    now = 3_600_000;
    await reserve.keep();
    expect(await size()).toBe(reserveBytes);
  });

  it('throws nowhere, whatever is wrong with the directory', async () => {
    const gone = new Reserve(join(scratch, 'gone'), has(100 * reserveBytes));
    await gone.keep();
    expect(await gone.release()).toBe(false);
    const blind = new Reserve(scratch, () => Promise.reject(new Error('no such file system')));
    await blind.keep();
    expect(await size()).toBe(0);
    await writeFile(join(scratch, 'file'), '');
    const odd = new Reserve(join(scratch, 'file'), has(100 * reserveBytes));
    await odd.keep();
    expect(await odd.release()).toBe(false);
  });
});
