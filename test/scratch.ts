import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new directory that lives as long as the test that asks for it, hooks after it included. */
export function scratchDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'opsbro-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
