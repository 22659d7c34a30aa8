import { startSeconds } from '../control/defaults.ts';
import type { Daemon } from './generate-daemon.ts';

/** How each of them tells systemd that it lives, and how it is started again. */
const life = {
  opsbro: `Type=notify
NotifyAccess=main`,
  'overcli-monitor': 'Type=exec',
};
const restart = {
  opsbro: `Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2 78
WatchdogSec=30
TimeoutStartSec=${startSeconds}
TimeoutStopSec=15`,
  // It ends where no server answers its first ping: that may last.
  'overcli-monitor': `Restart=on-failure
RestartSec=10
RestartPreventExitStatus=2
TimeoutStopSec=15`,
};
const starts = {
  opsbro: `StartLimitIntervalSec=300
StartLimitBurst=20`,
  'overcli-monitor': 'StartLimitIntervalSec=0',
};

/**
 * A systemd unit. Its hardening leaves out what would blind or bind a monitoring agent: a private mount table (`ProtectSystem`,
 * `PrivateTmp`, `ProtectHome` … show other mounts than the host's and hide its /tmp), `ProtectHostname` (a renamed host stays unseen),
 * `NoNewPrivileges` (setuid plugins such as check_icmp, sudo) and `MemoryDenyWriteExecute` (V8 compiles at run time).
 */
export function systemdUnit({ name, title, flag, node, words }: Daemon): string {
  return `# Written by 'opsbro generate systemd${flag}'. Save as /etc/systemd/system/${name}.service, then:
#   systemctl daemon-reload && systemctl enable --now ${name}

[Unit]
Description=${title}
Wants=network-online.target
After=network-online.target
${starts[name]}

[Service]
${life[name]}
Environment="OPSBRO_NODE=${quoteInside(node)}"
ExecStart=${words.map(word).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
${restart[name]}
KillMode=mixed
UMask=0027
LimitNOFILE=65536
OOMScoreAdjust=-500

# No private mounts (the agent would watch those instead of the host's), no NoNewPrivileges (setuid checks), no
# MemoryDenyWriteExecute (Node compiles at run time).
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET

[Install]
WantedBy=multi-user.target
`;
}

/** A word of ExecStart: `%` and `$` would be expanded, spaces would split it. */
function word(text: string): string {
  const escaped = quoteInside(text).replaceAll('$', '$$$$');
  return /^[\w./:=@%+,$-]+$/.test(text) ? escaped : `"${escaped}"`;
}

function quoteInside(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%');
}
