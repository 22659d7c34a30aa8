import { describe, expect, it } from 'vitest';
import { Board, type Frame } from './board.ts';
import { Feed, frozenMs, type LineEvents, quietMs } from './feed.ts';
import { sampleChange, sampleCheck, sampleSnapshot } from './sample-facts.ts';

interface TestLine {
  query: string;
  events: LineEvents;
  isClosed: boolean;
}

/** A feed over lines that a test speaks through, by a clock that it moves. */
function openFeed() {
  let now = 0;
  const lines: TestLine[] = [];
  const board = new Board();
  const feed = new Feed(board, {
    connect(query, events) {
      const line = { query, events, isClosed: false };
      lines.push(line);
      return {
        close: () => {
          line.isClosed = true;
        },
      };
    },
    now: () => now,
    random: () => 1,
    changed: () => undefined,
  });
  feed.look();
  return {
    ...{ board, feed, lines },
    say: (frame: Frame, line = lines.at(-1)) => line?.events.message(JSON.stringify(frame)),
    /** Time passes, and the feed looks each second. */
    pass(ms: number) {
      for (let left = ms; left > 0; left -= 1000) {
        now += Math.min(left, 1000);
        feed.look();
      }
    },
  };
}

const first = sampleSnapshot(5, [sampleCheck('a')]);

describe('a feed', () => {
  it('is live from the first snapshot on, and goes on where it left off', () => {
    const { feed, lines, say, pass, board } = openFeed();
    expect([feed.freshness, lines[0]?.query]).toEqual(['connecting', '']);
    say(first);
    say(sampleChange(6, sampleCheck('a', { state: 'critical' })));
    expect(feed.freshness).toBe('live');
    lines[0]?.events.closed();
    pass(1000);
    expect(lines[1]?.query).toBe('?stream=s&after=6');
    say({ type: 'resumed', stream: 's', seq: 6 });
    say(sampleChange(7, sampleCheck('a')));
    expect([feed.freshness, board.seq]).toEqual(['live', 7]);
  });

  it('asks for all there is after a gap', () => {
    const { feed, lines, say } = openFeed();
    say(first);
    say(sampleChange(8, sampleCheck('a')));
    expect([lines[0]?.isClosed, lines[1]?.query, feed.freshness]).toEqual([true, '', 'late']);
    say(sampleSnapshot(8, [sampleCheck('a')]));
    expect(feed.freshness).toBe('live');
  });

  it('does not hear what an old line still says', () => {
    const { lines, say, board } = openFeed();
    say(first);
    say(sampleChange(8, sampleCheck('a')));
    say(sampleSnapshot(99, []), lines[0]);
    lines[0]?.events.closed();
    expect([board.seq, lines.length]).toEqual([5, 2]);
  });

  it('proves a silent line by a new one', () => {
    const { feed, lines, say, pass } = openFeed();
    say(first);
    pass(quietMs);
    expect(lines).toHaveLength(1);
    pass(1000);
    expect([lines.length, lines[0]?.isClosed, lines[1]?.query]).toEqual([2, true, '?stream=s&after=5']);
    say({ type: 'resumed', stream: 's', seq: 5 });
    pass(frozenMs / 2);
    expect(feed.freshness).toBe('live');
  });

  it('says that it is late, then frozen, while nothing is heard', () => {
    const { feed, lines, say, pass } = openFeed();
    say(first);
    lines[0]?.events.closed();
    pass(2000);
    expect(feed.freshness).toBe('live');
    for (let round = 0; round < 4; round += 1) {
      lines.at(-1)?.events.closed();
      pass(1000);
    }
    expect(feed.freshness).toBe('late');
    pass(frozenMs);
    expect(feed.freshness).toBe('frozen');
    feed.retry();
    say({ type: 'resumed', stream: 's', seq: 5 });
    expect(feed.freshness).toBe('live');
  });

  it('is frozen where an agent never answers', () => {
    const { feed, pass } = openFeed();
    pass(frozenMs + 1000);
    expect(feed.freshness).toBe('frozen');
  });

  it('waits longer and longer for an agent that is away, and ends', () => {
    const { feed, lines, pass } = openFeed();
    const opened: number[] = [];
    for (let second = 0; second < 60; second += 1) {
      const before = lines.length;
      lines.at(-1)?.events.closed();
      pass(1000);
      if (lines.length > before) opened.push(second);
    }
    expect(opened.length).toBeLessThan(12);
    expect((opened.at(-1) ?? 0) - (opened.at(-2) ?? 0)).toBeGreaterThanOrEqual(8);
    feed.close();
    const { length } = lines;
    pass(60_000);
    expect(lines).toHaveLength(length);
  });
});
