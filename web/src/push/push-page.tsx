import type { Route } from '../shell/route.ts';
import { PushList } from './push-list.tsx';
import { ServerPage } from './server-page.tsx';
import { ServicePage } from './service-page.tsx';

/** What others report: all of it, one server, or one service. */
export function PushPage({ route }: { route: Route }) {
  const [kind, id = ''] = route.rest;
  if (kind === 'server') return <ServerPage key={id} id={id} />;
  if (kind === 'service') return <ServicePage key={id} id={id} />;
  return <PushList route={route} />;
}
