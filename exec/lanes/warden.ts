import { type ChildProcess, spawn } from 'node:child_process';
import { readProcess } from './processes.ts';

/**
 * Reads `+ PID TICKS` for a lane that began and `- PID` for one that is gone. When its input ends, so has the agent, however that came
 * about: then everything that belongs to a lane or descends from one is killed, in rounds, since a process may fork while it is looked
 * for. A pid that by now is another process than it was is left alone. The name in `/proc/PID/stat` may hold spaces, parentheses and
 * newlines; the fields begin after its last parenthesis. Where there is no `/proc`, the lanes' groups are killed.
 */
const script = `
trap '' HUP INT QUIT PIPE TERM USR1 USR2
lanes=' '
while read -r sign pid ticks; do
  case $sign in
    +) lanes="$lanes$pid:$ticks " ;;
    -) case $lanes in *" $pid:"*)
         after=\${lanes#*" $pid:"}
         lanes="\${lanes%%" $pid:"*} \${after#* }" ;;
       esac ;;
  esac
done
[ "$lanes" != ' ' ] || exit 0
stat() {
  text=
  while IFS= read -r part || [ -n "$part" ]; do text=$text$part; done
}
if [ ! -r /proc/$$/stat ]; then
  for lane in $lanes; do kill -s KILL -- "-\${lane%:*}" 2>/dev/null; done
  exit 0
fi
round=0
while [ $round -lt 20 ]; do
  round=$((round + 1))
  family=' '
  for lane in $lanes; do
    pid=\${lane%:*}
    text=
    { stat </proc/$pid/stat; } 2>/dev/null
    set -- \${text##*) }
    if [ -z "$text" ] || [ "\${20}" = "\${lane#*:}" ]; then family="$family$pid "; fi
  done
  grown=yes
  found=' '
  while [ -n "$grown" ]; do
    grown=
    for folder in /proc/[0-9]*; do
      pid=\${folder#/proc/}
      case $found in *" $pid "*) continue ;; esac
      text=
      { stat <$folder/stat; } 2>/dev/null || continue
      set -- \${text##*) }
      case $1 in Z | X | '') continue ;; esac
      case $family in
        *" $pid "* | *" $2 "* | *" $3 "* | *" $4 "*)
          found="$found$pid "
          case $family in *" $pid "*) ;; *) family="$family$pid "; grown=yes ;; esac ;;
      esac
    done
  done
  [ "$found" != ' ' ] || exit 0
  kill -s KILL $found 2>/dev/null
done
`;

/**
 * A shell that outlives the agent by a moment, to end what the lanes run when the agent was killed: nobody else is there to keep the
 * commands' timeouts then. It costs a megabyte and sleeps all the time. One that was killed itself comes back with the next lane.
 */
export class Warden {
  readonly #shell: string;
  readonly #lanes = new Map<number, number>();
  #child: ChildProcess | null = null;

  constructor(shell: string) {
    this.#shell = shell;
  }

  /** A lane began; `pid` leads its session. */
  add(pid: number): void {
    if (pid === 0) return;
    const startTicks = readProcess(pid)?.startTicks ?? 0;
    if (this.#child === null) this.#start();
    this.#lanes.set(pid, startTicks);
    this.#say(`+ ${pid} ${startTicks}\n`);
  }

  /** A lane is gone, and with it what it ran. */
  remove(pid: number): void {
    if (this.#lanes.delete(pid)) this.#say(`- ${pid}\n`);
  }

  /** Nothing is left to look after. */
  close(): void {
    this.#lanes.clear();
    this.#child?.kill('SIGKILL');
  }

  #start(): void {
    const child = spawn(this.#shell, ['-c', script, 'opsbro-warden'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { LC_ALL: 'C' },
    });
    const gone = (): void => {
      if (this.#child === child) this.#child = null;
    };
    child.on('error', gone).on('exit', gone);
    child.stdin?.on('error', () => {});
    child.unref();
    this.#child = child;
    for (const [pid, startTicks] of this.#lanes) this.#say(`+ ${pid} ${startTicks}\n`);
  }

  #say(line: string): void {
    this.#child?.stdin?.write(line);
  }
}
