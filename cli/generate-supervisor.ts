import { type Daemon, shellWord } from './generate-daemon.ts';

/** What each of them is not started again for: wrong usage, and for the agent a configuration with errors. */
const ends = { opsbro: '0,2,78', 'overcli-monitor': '0,2' };
/** The agent becomes the process itself, in the place of its launcher, which would start it again too. */
const more = { opsbro: ['--no-supervise'], 'overcli-monitor': [] };

/** A program of supervisor (http://supervisord.org). */
export function supervisorProgram({ name, flag, node, words }: Daemon): string {
  const command = [...words, ...more[name]].map(word).join(' ');
  return `; Written by 'opsbro generate supervisor${flag}'. Save as /etc/supervisor/conf.d/${name}.conf, then: supervisorctl update

[program:${name}]
command=${command}
environment=OPSBRO_NODE="${node.replaceAll('%', '%%')}"
directory=/
umask=027
autostart=true
autorestart=unexpected
exitcodes=${ends[name]}
startsecs=5
; With a longer pause before each try; supervisorctl start ${name} begins anew.
startretries=1000
stopsignal=TERM
stopwaitsecs=15
killasgroup=true
redirect_stderr=true
stdout_logfile=/var/log/${name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
`;
}

/** It reads words as a shell does, but expands `%`, and takes `;` and `#` behind a space for a comment, in quotes too. */
function word(text: string): string {
  return shellWord(text)
    .replaceAll('%', '%%')
    .replaceAll(/(\s)(?=[;#])/g, "$1''");
}
