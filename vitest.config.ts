import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^opsbro\/sdk\/testing$/, replacement: source('./sdk/testing/index.ts') },
      { find: /^opsbro\/sdk$/, replacement: source('./sdk/index.ts') },
    ],
  },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**', 'test/fixtures/**'],
    pool: 'forks',
    // Many tests wait for real agents and threads: more files than processors at a time.
    maxWorkers: 4,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 10_000 } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
