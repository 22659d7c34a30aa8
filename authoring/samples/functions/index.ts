import { defineFunctions } from 'opsbro/sdk';

export default defineFunctions({
  functions: {
    async sample_name(ctx, path) {
      const lines = await ctx.readLines(String(path));
      return lines.filter((line) => !/^\s*(#|$)/.test(line)).length;
    },
  },
});
