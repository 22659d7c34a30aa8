import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const exclude = ['dist/**', 'node_modules/**', 'test/fixtures/**', 'authoring/samples/**'];
const units = [
  'plugins/**/*.test.ts',
  'sdk/**/*.test.ts',
  'web/**/*.test.ts',
  'test/{alerting,configuration,control,conventions,core,exec,importing,language,overcli,sandbox,soak,store,threads,bench}/**/*.test.ts',
];

/** What takes long for what it proves: `npm run test:long`. */
const long = [
  'test/scenarios/cluster/**/*.test.ts',
  'test/scenarios/{plugin-faults,hung-threads,sixteen-hang,store-faults,disk-fills,launcher,initd,supervisor,first-cron-job,shinken-nagios,push,push-shared,plugins-approve,web,web-deeds,web-stage,odd-hosts,statsd-store,killed-twice,handlers,http,expression-faults,dashboards,clock,overcli-monitor,overcli-agent,shinken-agent,prometheus,replay,generate-nginx,import-overc,plugins-live,push-removal,kept-keys,heartbeat,gossip,graphite-queries,third-party,hostile-values,scripts,groups-live}.test.ts',
  'test/sandbox/attacks/**/*.test.ts',
  'test/graphite/**/*.test.ts',
  'test/configuration/many-objects.test.ts',
  'test/authoring/{plugin-tests,sdk-readme,scaffold,check-and-run}.test.ts',
];

/** What ends threads by force, measures its own process, or puts something in place of a module. */
const threads = [
  'test/exec/{exec-client,known-requests,lanes/*,output/real-plugins}.test.ts',
  'test/sandbox/{engine/**/*,budgets/preempted}.test.ts',
  'test/store/{journal-faults,level}.test.ts',
  'test/threads/{*,pool/*}.test.ts',
  'test/threads/services/{memory-guard,services}.test.ts',
];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^opsbro\/sdk\/testing$/, replacement: source('./sdk/testing/index.ts') },
      { find: /^opsbro\/sdk$/, replacement: source('./sdk/index.ts') },
    ],
  },
  test: {
    pool: 'forks',
    // Most tests share processes and their loaded modules; what starts and ends threads has a process a file.
    projects: [
      {
        extends: true,
        test: { name: 'units', include: units, exclude: [...exclude, ...threads, ...long], isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'agents',
          include: ['**/*.test.ts'],
          exclude: [...exclude, ...units, ...threads, ...long],
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'threads', include: threads, exclude: [...exclude, ...long] },
      },
      { extends: true, test: { name: 'long', include: long, exclude } },
    ],
    // Many tests wait for real agents and threads: more files than processors at a time.
    maxWorkers: 3,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
