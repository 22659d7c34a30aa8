export type * from './context.ts';
export * from './define.ts';
export * from './delivery.ts';
export * from './event-text.ts';
export type * from './guest.ts';
export type * from './manifest.ts';
export type * from './network.ts';
export * from './rates.ts';
export type * from './values.ts';
