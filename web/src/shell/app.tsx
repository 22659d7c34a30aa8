import type { ComponentType, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { onSignedOut } from '../api/request.ts';
import { useResource } from '../api/resource.ts';
import { ServedRoutes } from '../api/served.tsx';
import { type Session, SessionContext } from '../api/session.ts';
import { CheckPage } from '../checks/check-page.tsx';
import { ChecksPage } from '../checks/checks-page.tsx';
import { ownName, useRows } from '../checks/use-rows.ts';
import { ClusterPage } from '../cluster/cluster-page.tsx';
import { NodePage } from '../cluster/node-page.tsx';
import { CollectorsPage } from '../collectors/collectors-page.tsx';
import { ConfigurationPage } from '../configuration/configuration-page.tsx';
import { GraphsPage } from '../graphs/graphs-page.tsx';
import { HeldPage } from '../held/held-page.tsx';
import { isProblem } from '../live/fact.ts';
import { type Live, LiveContext } from '../live/live.ts';
import { OverviewPage } from '../overview/overview-page.tsx';
import { PluginsPage } from '../plugins/plugins-page.tsx';
import { PushPage } from '../push/push-page.tsx';
import { FreshnessMark, FrozenBanner } from './freshness.tsx';
import { Navigation } from './navigation.tsx';
import { isWithin, namedPages } from './pages.ts';
import { linkTo, type Route, useRoute } from './route.ts';
import { SessionMark } from './session-mark.tsx';
import { SignedOut, Unreachable } from './signed-out.tsx';
import { WindowTitle } from './window-title.ts';

const pages: { [page: string]: ComponentType<{ route: Route }> } = {
  overview: OverviewPage,
  checks: ChecksPage,
  check: CheckPage,
  held: HeldPage,
  cluster: ClusterPage,
  node: NodePage,
  collectors: CollectorsPage,
  graphs: GraphsPage,
  push: PushPage,
  plugins: PluginsPage,
  configuration: ConfigurationPage,
};

/** Pages of one thing that their address calls by its name. */
const ownNames = new Set(['check', 'collectors', 'plugins']);

/** How often it is asked who this is: until that is known, and then. */
const askingMs = 5000;
const knownMs = 60_000;

/** The application: nothing but a hint without a session, else the shell around a page. */
export function App({ start }: { start(): Live }) {
  const [everyMs, setEveryMs] = useState(askingMs);
  const { data: session, error, reload } = useResource<Session>('api/v1/session', { everyMs });
  const [isOut, setOut] = useState(false);
  const live = useRef<Live | undefined>(undefined);
  useEffect(() => onSignedOut(() => setOut(true)), []);
  // A session ends while somebody looks at what comes by the stream alone.
  useEffect(() => setEveryMs(session === undefined ? askingMs : knownMs), [session]);
  useEffect(() => {
    if (isOut) live.current?.feed.close();
  }, [isOut]);
  if (isOut || error?.status === 401) return <SignedOut />;
  if (session === undefined)
    return error === undefined ? (
      <p class="alone" role="status">
        Asking the agent …
      </p>
    ) : (
      <Unreachable message={error.message} retry={reload} />
    );
  live.current ??= start();
  return (
    <SessionContext.Provider value={session}>
      <LiveContext.Provider value={live.current}>
        <ServedRoutes>
          <Shell session={session} />
        </ServedRoutes>
      </LiveContext.Provider>
    </SessionContext.Provider>
  );
}

function Shell({ session }: { session: Session }) {
  const route = useRoute();
  const { board, rows } = useRows();
  const node = ownName(board) || session.node;
  const problems = rows.filter(({ state }) => isProblem(state)).length;
  const named = namedPages.find((one) => isWithin(one, route.page));
  const title = named?.title ?? 'Not found';
  const [subject = ''] = route.rest;
  const name = board.checks.get(subject)?.display_name ?? (ownNames.has(route.page) ? subject : '');
  const Page = pages[route.page] ?? NoPage;
  const stage = useStage([route.page, ...route.rest].join('/'));
  return (
    <div class="shell">
      <WindowTitle problems={problems} page={name === '' ? title : name} node={node} />
      <button type="button" class="skip" onClick={toMain}>
        Skip to the page
      </button>
      <header class="top">
        <a class="brand" href={linkTo(['overview'])}>
          <img src="./icon.svg" alt="" width="22" height="22" />
          <span>
            OpsBro<span class="dim brand-node"> {node}</span>
          </span>
        </a>
        <span class="top-rest">
          <FreshnessMark />
          <SessionMark session={session} />
        </span>
      </header>
      <Navigation page={route.page} problems={problems} />
      <div class="stage" ref={stage}>
        <FrozenBanner />
        <main id="main" tabIndex={-1} class={`page page-${route.page}`} aria-label={title}>
          <Page route={route} key={route.page} />
        </main>
      </div>
    </div>
  );
}

/** What scrolls: another page begins at its top. A link that led away is gone with its page; then keys go on from the new one. */
function useStage(place: string): RefObject<HTMLDivElement | null> {
  const stage = useRef<HTMLDivElement>(null);
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    stage.current?.scrollTo(0, 0);
    if (document.activeElement === document.body) toMain();
  }, [place]);
  return stage;
}

/** The part behind `#` is the page's address, so a plain link would leave the page. */
function toMain(): void {
  document.getElementById('main')?.focus();
}

function NoPage() {
  return (
    <>
      <h1>Not found</h1>
      <p>
        There is no such page. <a href={linkTo(['overview'])}>Overview</a>
      </p>
    </>
  );
}
