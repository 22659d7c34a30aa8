import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { Board } from './board.ts';
import { Feed, type Freshness } from './feed.ts';
import { openLine } from './line.ts';
import { Pulse } from './pulse.ts';

/** Three renders a second at most; the ages that move every second make it four. */
const renderMs = 350;
const lookMs = 1000;

/** What is told live, and how a page hears of it. */
export interface Live {
  board: Board;
  feed: Feed;
  pulse: Pulse;
}

/** Begins to listen. */
export function startLive(): Live {
  const board = new Board();
  const pulse = new Pulse(renderMs, {
    now: () => performance.now(),
    later: (run, ms) => void setTimeout(run, ms),
  });
  const feed = new Feed(board, {
    connect: openLine,
    now: () => performance.now(),
    random: Math.random,
    changed: () => pulse.mark(),
  });
  feed.look();
  setInterval(() => feed.look(), lookMs);
  // A page that slept believes nothing of what it shows.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) feed.retry();
  });
  window.addEventListener('online', () => feed.retry());
  return { board, feed, pulse };
}

/** The live facts, for everything below. */
export const LiveContext = createContext<Live | undefined>(undefined);

function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error('no LiveContext above');
  return live;
}

/** The board as it is now; renders anew when it changes. */
export function useBoard(): Board {
  const { board, pulse } = useLive();
  const [, setVersion] = useState(board.version);
  useEffect(() => {
    setVersion(board.version);
    return pulse.listen(() => setVersion(board.version));
  }, [board, pulse]);
  return board;
}

/** How fresh the page is, looked at every second, and for how many seconds it heard nothing. */
export function useFreshness(): { freshness: Freshness; silentSeconds: number; retry(): void } {
  const { feed } = useLive();
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), lookMs);
    return () => clearInterval(timer);
  }, []);
  const silentSeconds = Math.floor((performance.now() - feed.heardAt) / 1000);
  return { freshness: feed.freshness, silentSeconds, retry: () => feed.retry() };
}

/** The time, epoch ms, which moves every `ms`: what shows ages renders anew. */
export function useNow(ms = 1000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}
