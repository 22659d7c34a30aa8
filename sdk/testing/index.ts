export * from './compliance.ts';
export * from './fixture-context.ts';
export * from './host-context.ts';
export * from './recorded-network.ts';
export * from './run-verb.ts';
export * from './test-certificates.ts';
export * from './test-clock.ts';
export * from './test-event.ts';
