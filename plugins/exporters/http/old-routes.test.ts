import type { Json, RouteAnswer } from 'opsbro/sdk';
import { expect, it } from 'vitest';
import { answerOld } from './old-routes.ts';

const names = ['db1.memory.used', 'db1.memory.free', 'db1.load', 'web1.load'];

/** An agent that answers one path. */
function agent(path: string, body: Json) {
  return async ({ route }: { route: string }): Promise<RouteAnswer> => ({
    status: route === path ? 200 : 404,
    type: 'application/json',
    body: new TextEncoder().encode(JSON.stringify(route === path ? body : { error: {} })),
  });
}

const asked = (route: string, params: { [name: string]: string }) => ({
  ...{ route, method: 'GET', params, query: {}, body: null },
});
const bodyOf = async (
  route: string,
  params: { [name: string]: string },
  ask = agent('/metrics/index.json', names),
) => (await answerOld(ask, asked(route, params)))?.body;

it('lists the names of metrics that begin so', async () => {
  expect(await bodyOf('/list/*prefix', { prefix: 'db1.m' })).toEqual(['db1.memory.used', 'db1.memory.free']);
  expect(await bodyOf('/list/*prefix', { prefix: '' }, agent('', null))).toEqual([]);
});

it('lists one level of their tree', async () => {
  expect(await bodyOf('/_ui_list/*key', { key: '' })).toEqual([
    { title: 'db1', key: 'db1', folder: true, lazy: true },
    { title: 'web1', key: 'web1', folder: true, lazy: true },
  ]);
  expect(await bodyOf('/_ui_list/*key', { key: 'db1' })).toEqual([
    { title: 'load', key: 'db1.load', folder: false, lazy: false },
    { title: 'memory', key: 'db1.memory', folder: true, lazy: true },
  ]);
  expect(await bodyOf('/_ui_list/*key', { key: 'none' })).toEqual([]);
});
