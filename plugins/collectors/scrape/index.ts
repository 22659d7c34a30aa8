import { defineCollector } from 'opsbro/sdk';
import { type Choice, samplesTree } from './tree.ts';

interface Options extends Choice {
  url: string;
  headers: { [name: string]: string };
  verify_tls: boolean;
  ca_file?: string;
}

const maxBytes = 4 * 1024 * 1024;

/** The figures of an exporter for Prometheus. */
export default defineCollector<Options>({
  async collect(ctx) {
    const { url, headers, verify_tls, ca_file } = ctx.options;
    if (url === '') return ctx.notEligible("no 'url' is set");
    const answer = await ctx.http({
      url,
      headers: { accept: 'text/plain;version=0.0.4', ...headers },
      verifyTls: verify_tls,
      ...(ca_file !== undefined && { caFile: ca_file }),
      maxBytes,
      maxRedirects: 3,
    });
    if (answer.status < 200 || answer.status > 299) throw new Error(`the exporter answers ${answer.status}`);
    // Where the text was cut off, its last line is not whole.
    const text = answer.truncated ? answer.text.slice(0, answer.text.lastIndexOf('\n') + 1) : answer.text;
    const { metrics, ...counts } = samplesTree(text, ctx.options);
    return {
      metrics,
      scrape: {
        ...counts,
        truncated: answer.truncated,
        duration_ms: Math.round(answer.durationMs * 10) / 10,
      },
    };
  },
});
