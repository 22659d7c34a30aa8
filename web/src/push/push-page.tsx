import { IfServed } from '../api/served.tsx';
import { Empty } from '../parts/notes.tsx';
import type { Route } from '../shell/route.ts';
import { PushList } from './push-list.tsx';
import { ServerPage } from './server-page.tsx';
import { ServicePage } from './service-page.tsx';

/** What others report: all of it, one server, or one service. */
export function PushPage({ route }: { route: Route }) {
  const [kind, id = ''] = route.rest;
  return (
    <IfServed path="/api/v1/push/status" otherwise={<NoPush />}>
      {kind === 'server' ? (
        <ServerPage key={id} id={id} />
      ) : kind === 'service' ? (
        <ServicePage key={id} id={id} />
      ) : (
        <PushList route={route} />
      )}
    </IfServed>
  );
}

function NoPush() {
  return (
    <>
      <h1>Push</h1>
      <Empty>
        Nobody can report to this agent. With <code>{'overc: { enabled: true }'}</code> in a file of its
        directory it is a push server.
      </Empty>
    </>
  );
}
