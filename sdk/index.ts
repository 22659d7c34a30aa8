export type * from './context.ts';
export * from './define.ts';
export type * from './guest.ts';
export type * from './manifest.ts';
export * from './rates.ts';
export type * from './values.ts';
