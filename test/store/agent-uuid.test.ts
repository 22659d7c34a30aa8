import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentUuid, hardwareUuid, isUuid } from '../../store/agent-uuid.ts';

const [one, other] = ['2f1c7e90-54d3-4cf4-a3f5-b0d4d7b0a1c2', 'f'.repeat(40)];
let data: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'opsbro-uuid-'));
});

afterEach(() => rmSync(data, { recursive: true, force: true }));

const open = (given?: string): AgentUuid =>
  new AgentUuid(data, { given, isSystem: false, hostRoot: data, hostSys: data });
const stored = (): string => readFileSync(join(data, 'uuid'), 'utf8').trim();

describe('the uuid of an agent', () => {
  it('is random at the first start, and the same ever after', () => {
    const { uuid } = open();
    expect(isUuid(uuid)).toBe(true);
    expect([stored(), open().uuid]).toEqual([uuid, uuid]);
  });

  it('is the one given, which the first start stores', () => {
    expect(open(one).uuid).toBe(one);
    expect(open().uuid).toBe(one);
    expect(open(other).uuid).toBe(other);
    expect(stored()).toBe(one);
  });

  it('is refused where it is none', () => {
    expect(() => open('me')).toThrow(/--uuid: 'me' is none/);
  });

  it('is that of agent.yml unless one is given; a later change counts at the next start', () => {
    const agent = open();
    expect(agent.configure(one)).toBe(one);
    expect(stored()).toBe(one);
    expect(agent.configure(other)).toBe(one);
    expect(open().configure(other)).toBe(other);
    expect(stored()).toBe(one);
    expect(open(other).configure(one)).toBe(other);
    expect(open().configure(undefined)).toBe(one);
  });

  it('is made anew where what is stored is none', () => {
    writeFileSync(join(data, 'uuid'), 'rubbish');
    expect(isUuid(open().uuid)).toBe(true);
    expect(isUuid(stored())).toBe(true);
  });

  it('names the file that cannot be read or written', () => {
    mkdirSync(join(data, 'uuid'));
    expect(() => open()).toThrow(`cannot use ${join(data, 'uuid')}`);
  });
});

describe('the id of the hardware', () => {
  const of = (text: string | undefined, isSystem = true): string | undefined => {
    mkdirSync(join(data, 'class/dmi/id'), { recursive: true });
    if (text !== undefined) writeFileSync(join(data, 'class/dmi/id/product_uuid'), `${text}\n`);
    return hardwareUuid({ isSystem, hostRoot: data, hostSys: data });
  };

  it('makes a uuid, for the agent of the whole host', () => {
    const id = '4C4C4544-0051-3510-8052-B4C04F4A3132';
    expect(isUuid(of(id) ?? '')).toBe(true);
    expect(of(id.toLowerCase())).toBe(of(id));
    expect(new AgentUuid(data, { isSystem: true, hostRoot: data, hostSys: data }).uuid).toBe(of(id));
    expect(of(id, false)).toBeUndefined();
  });

  it.each([
    undefined,
    'rubbish',
    '12345678-1234-5678-90ab-cddeefaabbcc',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '03000200-0400-0500-0006-000700080009',
  ])('does not count where it is %s', (text) => {
    expect(of(text)).toBeUndefined();
  });

  it('does not count in a container', () => {
    writeFileSync(join(data, '.dockerenv'), '');
    expect(of('4c4c4544-0051-3510-8052-b4c04f4a3132')).toBeUndefined();
  });
});
