import type { Installation } from './generate.ts';

/** An init script with an LSB header: start, stop, status, restart, reload, force-reload, with the LSB's exit codes. */
export function initScript(installation: Installation): string {
  const where = [
    '--data',
    installation.data,
    ...installation.config.flatMap((directory) => ['--config', directory]),
  ];
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          opsbro
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Should-Start:      $network $time
# Should-Stop:       $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: OpsBro agent
# Description:       Monitoring and service discovery agent.
### END INIT INFO
# Written by 'opsbro generate initd'. Save as /etc/init.d/opsbro, make it executable, then: update-rc.d opsbro defaults
# /etc/default/opsbro may set OPSBRO_LOG_LEVEL and other variables.

OPSBRO_NODE=${shellWord(installation.node)}
export OPSBRO_NODE
if [ -r /etc/default/opsbro ]; then
  set -a
  . /etc/default/opsbro
  set +a
fi

opsbro() {
  ${shellWord(installation.program)} "$@" ${where.map(shellWord).join(' ')}
}

running() {
  opsbro agent print uuid >/dev/null 2>&1
}

start() {
  if running; then
    echo "opsbro is running already"
    return 0
  fi
  echo "Starting opsbro"
  opsbro agent start --daemon
}

stop() {
  if ! running; then
    echo "opsbro is not running"
    return 0
  fi
  echo "Stopping opsbro"
  opsbro agent stop
}

# 0 running, 3 not running: the codes of the Linux Standard Base.
status() {
  if running; then
    echo "opsbro is running"
    return 0
  fi
  echo "opsbro is not running"
  return 3
}

reload() {
  if ! running; then
    echo "opsbro is not running"
    return 7
  fi
  echo "Reloading opsbro"
  opsbro agent reload
}

case "\${1:-}" in
  start | stop | status | reload) "$1" ;;
  restart) stop && start ;;
  force-reload) if running; then reload; else start; fi ;;
  *)
    echo "Usage: $0 {start|stop|status|restart|reload|force-reload}" >&2
    exit 2
    ;;
esac
`;
}

function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
