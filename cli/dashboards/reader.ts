import { isDeepStrictEqual } from 'node:util';
import type { ControlClient } from '../../control/client.ts';
import type { Dashboard, Widget } from './content.ts';
import { ChartHistory, type Evaluate, storedHistory } from './history.ts';
import { type Readings, readingOf, type Shown } from './reading.ts';

/** A dashboard and what its widgets show. */
export interface Picture {
  dashboard: Dashboard;
  readings: Readings;
}

/** Evaluations that run at a time. */
const lanes = 4;
const evaluationTimeoutMs = 30_000;

/** Looks at what a dashboard shows, again and again. One that was changed in a file begins anew. */
export class DashboardReader {
  readonly #client: ControlClient;
  readonly #fetch: () => Promise<Dashboard>;
  readonly #stepMs: number;
  readonly #now: () => number;
  #dashboard: Dashboard | undefined;
  #history = new ChartHistory<Widget>();

  /** `fetch` gives the dashboard as it is configured now; `stepMs` is the time between two looks. */
  constructor(
    client: ControlClient,
    fetch: () => Promise<Dashboard>,
    stepMs: number,
    now: () => number = Date.now,
  ) {
    this.#client = client;
    this.#fetch = fetch;
    this.#stepMs = stepMs;
    this.#now = now;
  }

  /** Reads every widget. Throws when the agent does not answer; an expression that fails is a reading. */
  async read(): Promise<Picture> {
    const dashboard = await this.#current();
    const evaluate = this.#evaluatorOf(dashboard);
    const found = new Map<Widget, Shown>();
    await eachOf(dashboard.widgets, async (widget) => {
      found.set(widget, { reading: readingOf(widget, await evaluate(widget.value)), values: [] });
    });
    for (const [widget, shown] of found)
      if (widget.kind === 'horizontal_chart') shown.values = this.#history.add(widget, shown.reading.number);
    return { dashboard, readings: found };
  }

  async #current(): Promise<Dashboard> {
    const now = await this.#fetch();
    if (this.#dashboard !== undefined && isDeepStrictEqual(now, this.#dashboard)) return this.#dashboard;
    const history = new ChartHistory<Widget>();
    const charts = now.widgets.filter(({ kind }) => kind === 'horizontal_chart');
    const evaluate = this.#evaluatorOf(now);
    await eachOf(charts, async (widget) => {
      const values = await storedHistory(this.#client, evaluate, widget.value, this.#stepMs, this.#now());
      if (values !== null) history.begin(widget, values);
    });
    this.#history = history;
    this.#dashboard = now;
    return now;
  }

  #evaluatorOf({ id }: Dashboard): Evaluate {
    return (expression) => {
      const options = { timeoutMs: evaluationTimeoutMs };
      return this.#client.request('POST', '/api/v1/evaluator/eval', { expression, as: id }, options);
    };
  }
}

async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
