export * from './compliance.ts';
export * from './fixture-context.ts';
export * from './host-context.ts';
export * from './run-verb.ts';
export * from './test-clock.ts';
