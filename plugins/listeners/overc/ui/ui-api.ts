import type { Clock, Json } from 'opsbro/sdk';
import { Refused } from '../api/refused.ts';
import type { Answer, Asked } from '../http/door.ts';
import type { AlertRow, ServiceFacts } from '../model.ts';
import type { Selection, Storage } from '../storage/storage.ts';
import { statesView } from './states-view.ts';
import { statusView } from './status-view.ts';
import { timeText } from './times.ts';

/** What the routes of the page work with. */
export interface UiParts {
  storage: Storage;
  clock: Clock;
  /** Seconds since the oldest state was reported that supervision has not looked at. */
  lagSeconds(): number;
}

/** As much of a request as these routes look at. */
export type UiAsked = Pick<Asked, 'method' | 'path' | 'query'>;

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const mostHours = 10 * 366 * 24;
const mostExpanded = 100;

/** Whether a path is one of the page's JSON. */
export function isUiRoute(path: string): boolean {
  return path.startsWith('/ui/api/');
}

/** Answers a JSON route of the page, as OverC 1.0.9 did. */
export async function answerUi(asked: UiAsked, parts: UiParts): Promise<Answer> {
  const path = asked.path.slice('/ui/api'.length).replace(/(?<=.)\/$/, '');
  const { storage } = parts;
  const removed = /^\/item\/(server|service)\/(\d{1,15})$/.exec(path);
  if (removed !== null) {
    if (asked.method !== 'DELETE') throw new Refused(405, 'an item takes DELETE');
    const what = removed[1] as 'server' | 'service';
    if (!(await storage.remove(what, Number(removed[2])))) throw new Refused(404, `no ${what} ${removed[2]}`);
    return { status: 200, body: { ok: 1 } };
  }
  if (asked.method !== 'GET' && asked.method !== 'HEAD') throw new Refused(405, 'this takes GET');
  const states = /^\/status\/service\/(\d{1,15})\/states$/.exec(path);
  if (states !== null) return { status: 200, body: await statesOf(Number(states[1]), asked, parts) };
  const alerts = /^\/status\/alerts(\/.*)?$/.exec(path);
  if (alerts !== null)
    return { status: 200, body: await alertsOf(selectionOf(alerts[1] ?? ''), hoursOf(asked), parts) };
  const status = /^\/status(\/.*)?$/.exec(path);
  if (status === null) throw new Refused(404, `no route ${asked.path.slice(0, 200)}`);
  return { status: 200, body: await statusOf(selectionOf(status[1] ?? ''), parts) };
}

function selectionOf(path: string): Selection {
  const found = /^(?:\/(server|service)\/(\d{1,15}))?$/.exec(path);
  if (found === null) throw new Refused(404, 'no such route');
  return found[1] === undefined ? {} : { [found[1]]: Number(found[2]) };
}

function hoursOf({ query }: UiAsked): number {
  const text = query.get('hours') ?? '24';
  const hours = Number(text);
  if (text.trim() === '' || !(hours >= 0)) throw new Refused(400, '"hours" should be a number');
  return Math.min(hours, mostHours);
}

function isSelected({ server, service }: Selection, facts: ServiceFacts): boolean {
  return (server ?? facts.server.id) === facts.server.id && (service ?? facts.id) === facts.id;
}

async function statusOf(selection: Selection, { storage, clock, lagSeconds }: UiParts): Promise<Json> {
  const now = clock.now();
  const [services, alerts, lastRow] = await Promise.all([
    storage.services(),
    storage.alerts(selection, now - dayMs),
    storage.lastRow(),
  ]);
  const selected = services.filter((facts) => isSelected(selection, facts));
  return statusView(selection, { services: selected, alerts, lastRow, lagSeconds: lagSeconds(), now });
}

async function statesOf(id: number, asked: UiAsked, { storage, clock }: UiParts): Promise<Json> {
  const since = clock.now() - hoursOf(asked) * hourMs;
  const service = (await storage.services()).find((facts) => facts.id === id);
  if (service === undefined) throw new Refused(404, `no service ${id}`);
  const [past, alerts] = await Promise.all([storage.past(id, since), storage.alerts({ service: id }, since)]);
  const groups = asked.query.get('groups') ?? 'false';
  const ranges = asked.query.getAll('expand').filter((text) => text !== '');
  return statesView(service, past, alerts.reverse(), {
    groups: !/^(0|false|no)$/i.test(groups),
    expand: ranges.slice(0, mostExpanded).map(rangeOf),
  });
}

function rangeOf(text: string): [number, number] {
  const [, low, high] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (low === undefined) throw new Refused(400, '"expand" should be LOW-HIGH');
  return [Number(low), Number(high)];
}

async function alertsOf(selection: Selection, hours: number, { storage, clock }: UiParts): Promise<Json> {
  const [services, alerts] = await Promise.all([
    storage.services(),
    storage.alerts(selection, clock.now() - hours * hourMs),
  ]);
  const byId = new Map(services.map((facts) => [facts.id, facts]));
  const titles = await storage.titles(alerts.map(({ server }) => server));
  const rows = alerts.flatMap(({ row }) => (row === null ? [] : [row]));
  const infos = await storage.infos(rows);
  const view = (alert: AlertRow): Json => {
    const { id, server, service, row, at, channel, event, message } = alert;
    const facts = service === null ? undefined : byId.get(service);
    return {
      id,
      server: titles.get(server) ?? null,
      server_id: server,
      service: facts?.title ?? null,
      service_id: service,
      ctime: timeText(at),
      ...{ channel, event, message },
      state_info: (row === null ? undefined : infos.get(row)) ?? null,
    };
  };
  return { alerts: alerts.map(view) };
}
