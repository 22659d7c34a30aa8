import { networkInterfaces } from 'node:os';
import {
  alertsOf,
  type Context,
  cutText,
  DeliveryError,
  defineHandler,
  type ExecOptions,
  jsonOf,
  redactText,
  tellEach,
} from 'opsbro/sdk';
import { hostAddress, nagiosVariables } from './nagios-variables.ts';

interface Options {
  command: string;
  args: string[];
  environment: { [name: string]: string };
  contacts: string[];
}

const maxSaid = 500;
/** The run's own timeout is what counts. */
const timeoutMs = 24 * 3600 * 1000;

/** Runs the program once per check of an event, as Nagios would. Exit code 0 is success, all else is tried again, from that check on. */
export default defineHandler<Options>({
  async handle(ctx, event) {
    const alerts = alertsOf(event);
    const address = hostAddress(networkInterfaces());
    const contact = { name: ctx.name, emails: ctx.options.contacts };
    await tellEach(ctx, event, alerts.length === 0 ? [undefined] : alerts, (alert) => {
      const env = { ...nagiosVariables(event, alert, contact, address), ...ctx.options.environment };
      return run(ctx, { env, stdin: `${jsonOf(event)}\n`, timeoutMs });
    });
  },
});

async function run(ctx: Context<Options>, options: ExecOptions): Promise<void> {
  const { command, args, environment } = ctx.options;
  const secrets = Object.values(environment);
  const { code, signal, stdout, stderr } = await ctx.exec(command, args, options);
  if (stdout.trim() !== '')
    ctx.log.debug('the program wrote', { stdout: cutText(redactText(stdout, secrets), maxSaid) });
  if (code === 0) return;
  const how = code === null ? `was ended by ${signal}` : `exited with ${code}`;
  const wrote = redactText(stderr.trim() || stdout.trim(), secrets);
  const said = cutText(wrote.replaceAll(/\s+/g, ' '), maxSaid);
  throw new DeliveryError(`${command} ${how}${said === '' ? '' : `: ${said}`}`);
}
