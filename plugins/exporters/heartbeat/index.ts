import { defineExporter } from 'opsbro/sdk';

interface Options {
  url: string;
  ca_file?: string;
}

/** Less than the run may take: the reason is told rather than a timeout. */
const timeoutMs = 10_000;

/** Asks for the URL. Any answer of success will do; the body is of no interest. */
export default defineExporter<Options>({
  async export(ctx) {
    const { url, ca_file } = ctx.options;
    const { status } = await ctx.http({
      url,
      timeoutMs,
      maxBytes: 1024,
      maxRedirects: 3,
      headers: { 'user-agent': 'opsbro' },
      ...(ca_file !== undefined && { caFile: ca_file }),
    });
    // The path is a token with most services.
    if (status < 200 || status >= 300) throw new Error(`${new URL(url).origin} answered ${status}`);
  },
});
