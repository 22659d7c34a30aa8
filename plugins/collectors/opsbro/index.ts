import { defineCollector } from 'opsbro/sdk';
import { agentFigures, asAgentFacts, handlerFigures, pluginFigures } from './figures.ts';

/** Yields the agent's figures from the facts that the core adds to the options (`needs: [agent]`); reads nothing itself. */
export default defineCollector({
  collect(ctx) {
    const facts = asAgentFacts(ctx.options.facts);
    if (!facts) return ctx.notEligible('the agent sent no facts about itself');
    return {
      ...agentFigures(facts.agent),
      plugins: pluginFigures(facts.plugins),
      handlers: handlerFigures(facts.handlers),
    };
  },
});
