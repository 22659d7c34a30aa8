import { type Daemon, shellWord } from './generate-daemon.ts';

/** What each of them is not started again for; 143 is a shell's word for TERM. */
const ends = { opsbro: '0 2 78 130 143 INT TERM', 'overcli-monitor': '0 2 INT TERM' };
const more = { opsbro: ['--no-supervise'], 'overcli-monitor': [] };
/** Starts within seconds after which it gives up; the monitor ends where no server answers its first ping, which may last. */
const limits = { opsbro: 'respawn limit 20 300', 'overcli-monitor': 'respawn limit unlimited' };
const pauses = {
  opsbro: '',
  'overcli-monitor': `
# Between one try and the next, and not where it is to stop.
post-stop script
  initctl status "$UPSTART_JOB" | grep -q ' stop/' || sleep 10
end script
`,
};

/** A job of Upstart 1.4 or newer, as Ubuntu 12.04 to 14.10 had it. */
export function upstartJob({ name, title, flag, node, words }: Daemon): string {
  const command = ['env', `OPSBRO_NODE=${node}`, ...words, ...more[name]].map(shellWord).join(' ');
  return `# Written by 'opsbro generate upstart${flag}'. Save as /etc/init/${name}.conf, then: start ${name}

description "${title}"

start on runlevel [2345]
stop on runlevel [!2345]

respawn
${limits[name]}
normal exit ${ends[name]}
kill signal TERM
kill timeout 15
umask 0027
limit nofile 65536 65536
console log
${pauses[name]}
exec ${command}
`;
}
