import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  ExportedFacts,
  Json,
  NodeDetailsSnapshot,
  NodesSnapshot,
  RouteReply,
  RouteRequest,
  ServiceContext,
} from 'opsbro/sdk';
import { badge } from './badge.ts';
import { checkMatcher } from './check-patterns.ts';
import { NodeChecks } from './node-checks.ts';
import type { Options } from './options.ts';
import { PageFiles } from './page-files.ts';
import { shownState } from './shown-state.ts';
import { StatusPage, statusStyle } from './status-page.ts';

/** Where the built page is, seen from what is built of this file, or from its source. */
const place = import.meta.url.includes('/dist/plugins/') ? '../../../web/' : '../../../dist/web/';
const notBuilt = "the page is not built; 'npm run build' builds it";
/** Pages of other sites may show a badge. */
const badgeHeaders = {
  'content-security-policy': "default-src 'none'",
  'cross-origin-resource-policy': 'cross-origin',
};
const statusHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Answers the routes of the page, of badges and of the status page. */
export class WebExporter {
  readonly #page: PageFiles | undefined;
  readonly #ctx: ServiceContext<Options>;
  readonly #hasBadge: ReturnType<typeof checkMatcher>;
  readonly #status: StatusPage | undefined;
  readonly #nodeChecks = new NodeChecks();
  #facts: ExportedFacts | undefined;
  #nodes: NodesSnapshot | undefined;

  private constructor(ctx: ServiceContext<Options>, page: PageFiles | undefined) {
    this.#ctx = ctx;
    this.#page = page;
    this.#hasBadge = checkMatcher(ctx.options.badges);
    const { status_page: wanted } = ctx.options;
    this.#status = wanted && new StatusPage(wanted);
    ctx.subscribe('facts', (facts) => {
      this.#facts = facts as unknown as ExportedFacts;
    });
    ctx.subscribe('nodes', (nodes) => {
      this.#nodes = nodes as unknown as NodesSnapshot;
    });
    ctx.subscribe('node-details', (details) =>
      this.#nodeChecks.take(details as unknown as NodeDetailsSnapshot, ctx.clock.now()),
    );
  }

  /** Reads the page; without one it answers what to do. */
  static async open(
    ctx: ServiceContext<Options>,
    folder = fileURLToPath(new URL(place, import.meta.url)),
  ): Promise<WebExporter> {
    const isBuilt = existsSync(`${folder}/index.html`);
    if (!isBuilt) ctx.log.warn(notBuilt);
    return new WebExporter(ctx, isBuilt ? await PageFiles.read(folder) : undefined);
  }

  /** Answers a route of the manifest. */
  answer({ route, params }: RouteRequest): RouteReply {
    if (route === '/ui') return { status: 302, body: null, headers: { location: 'ui/' } };
    if (route === '/ui/*path') return this.#file(params.path ?? '');
    if (route === '/badge/*check') return this.#badge(params.check ?? '');
    if (route === '/api/v1/nodes/checks') return json(this.#nodeChecks.counts());
    if (route === '/api/v1/nodes/:uuid/checks') return this.#checksOf(params.uuid ?? '');
    if (this.#status === undefined) return absent('this agent has no status page');
    if (route === '/status.css') return text('text/css', statusStyle, statusHeaders);
    const { clock } = this.#ctx;
    const page = this.#status.page({
      ...{ facts: this.#facts, nodes: this.#nodes },
      ...{ now: clock.now(), monotonic: clock.monotonic() },
    });
    return text('text/html', page, statusHeaders);
  }

  #checksOf(uuid: string): RouteReply {
    const details = this.#nodeChecks.of(uuid);
    return details === undefined
      ? absent(`no checks of a node '${uuid.slice(0, 200)}' are known here`)
      : json(details);
  }

  #file(path: string): RouteReply {
    if (this.#page === undefined) return failure(503, 'OPSBRO_AGENT_BUSY', notBuilt);
    return this.#page.answer(path) ?? absent(`the page has no file '${path.slice(0, 200)}'`);
  }

  /** A check without a badge is answered as one that does not exist: nobody learns which there are. */
  #badge(path: string): RouteReply {
    const name = /^(.*)\.svg$/s.exec(path)?.[1];
    const checks = this.#facts?.checks ?? [];
    const found = checks.find(({ id }) => id === name) ?? checks.find((check) => check.name === name);
    if (found === undefined || !this.#hasBadge(found)) return absent('there is no such badge');
    return text('image/svg+xml', badge(found.display_name, shownState(found)), badgeHeaders);
  }
}

function json(body: object): RouteReply {
  return { status: 200, body: body as Json };
}

function text(type: string, body: string, headers: { [name: string]: string }): RouteReply {
  return { status: 200, type: `${type}; charset=utf-8`, body: new TextEncoder().encode(body), headers };
}

function absent(message: string): RouteReply {
  return failure(404, 'OPSBRO_API_NOT_FOUND', message);
}

function failure(status: number, code: string, message: string): RouteReply {
  return { status, body: { error: { code, message } } };
}
