import { type Daemon, shellWord } from './generate-daemon.ts';

/** An init script with an LSB header: start, stop, status, restart, reload, force-reload, with the LSB's exit codes. */
export function initScript(daemon: Daemon): string {
  return `${head(daemon)}
${daemon.name === 'opsbro' ? agentParts(daemon) : monitorParts(daemon)}
${actions(daemon)}
case "\${1:-}" in
  start | stop | status | reload) "$1" ;;
  restart) stop && start ;;
  force-reload) if running; then reload; else start; fi ;;
${daemon.name === 'opsbro' ? '' : '  supervise) supervise ;;\n'}  *)
    echo "Usage: $0 {start|stop|status|restart|reload|force-reload}" >&2
    exit 2
    ;;
esac
`;
}

function head({ name, title, flag, node }: Daemon): string {
  return `#!/bin/sh
### BEGIN INIT INFO
# Provides:          ${name}
# Required-Start:    $remote_fs $syslog
# Required-Stop:     $remote_fs $syslog
# Should-Start:      $network $time
# Should-Stop:       $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: ${title}
### END INIT INFO
# Written by 'opsbro generate initd${flag}'. Save as /etc/init.d/${name}, make it executable, then: update-rc.d ${name} defaults
# /etc/default/${name} may set variables.

OPSBRO_NODE=${shellWord(node)}
export OPSBRO_NODE
if [ -r /etc/default/${name} ]; then
  set -a
  . /etc/default/${name}
  set +a
fi
`;
}

function agentParts({ words: [program = '', , , ...where] }: Daemon): string {
  return `opsbro() {
  ${shellWord(program)} "$@" ${where.map(shellWord).join(' ')}
}

running() {
  opsbro agent print uuid >/dev/null 2>&1
}

launch() {
  opsbro agent start --daemon
}

end() {
  opsbro agent stop
}

refresh() {
  opsbro agent reload
}
`;
}

/**
 * A monitor has no way of its own to go to the background, and ends where no server answers its first ping: a shell that stays starts it again.
 * Its pid counts while that is a process which runs this script.
 */
function monitorParts({ words }: Daemon): string {
  return `PIDFILE=\${PIDFILE:-/run/overcli-monitor.pid}
LOG=\${LOG:-/var/log/overcli-monitor.log}
RETRY_SECONDS=\${RETRY_SECONDS:-10}

running() {
  pid=$(cat "$PIDFILE" 2>/dev/null) && [ -n "$pid" ] && tr '\\000' '\\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qx supervise
}

# Stays in the background: starts the monitor again, but for wrong usage and once it is told to end.
supervise() {
  monitor= ending=
  trap 'ending=yes; [ -z "$monitor" ] || kill -TERM "$monitor" 2>/dev/null' TERM INT
  trap '[ -z "$monitor" ] || kill -HUP "$monitor" 2>/dev/null' HUP
  while [ -z "$ending" ]; do
    ${words.map(shellWord).join(' ')} &
    monitor=$!
    # A signal ends wait, and not the monitor.
    while :; do
      wait "$monitor"
      status=$?
      kill -0 "$monitor" 2>/dev/null || break
    done
    monitor=
    if [ -n "$ending" ] || [ "$status" -eq 0 ] || [ "$status" -eq 2 ]; then break; fi
    sleep "$RETRY_SECONDS" &
    wait $!
  done
  rm -f "$PIDFILE"
}

launch() {
  setsid /bin/sh "$0" supervise >>"$LOG" 2>&1 </dev/null &
  echo $! >"$PIDFILE"
  for _ in 1 2 3 4 5; do
    running && return 0
    sleep 1
  done
  return 1
}

end() {
  kill -TERM "$pid"
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    running || return 0
    sleep 1
  done
  kill -KILL -- "-$pid"
  rm -f "$PIDFILE"
}

refresh() {
  kill -HUP "$pid"
}
`;
}

function actions({ name }: Daemon): string {
  return `start() {
  if running; then
    echo "${name} is running already"
    return 0
  fi
  echo "Starting ${name}"
  launch
}

stop() {
  if ! running; then
    echo "${name} is not running"
    return 0
  fi
  echo "Stopping ${name}"
  end
}

# 0 running, 3 not running: the codes of the Linux Standard Base.
status() {
  if running; then
    echo "${name} is running"
    return 0
  fi
  echo "${name} is not running"
  return 3
}

reload() {
  if ! running; then
    echo "${name} is not running"
    return 7
  fi
  echo "Reloading ${name}"
  refresh
}
`;
}
