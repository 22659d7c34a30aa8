import type { Installation } from './generate.ts';

/**
 * A systemd unit. Its hardening leaves out what would blind or bind a monitoring agent: a private mount table (`ProtectSystem`,
 * `PrivateTmp`, `ProtectHome` … show other mounts than the host's and hide its /tmp), `ProtectHostname` (a renamed host stays unseen),
 * `NoNewPrivileges` (setuid plugins such as check_icmp, sudo) and `MemoryDenyWriteExecute` (V8 compiles at run time).
 */
export function systemdUnit(installation: Installation): string {
  const start = [
    installation.program,
    'agent',
    'start',
    '--data',
    installation.data,
    ...installation.config.flatMap((directory) => ['--config', directory]),
  ];
  return `# Written by 'opsbro generate systemd'. Save as /etc/systemd/system/opsbro.service, then:
#   systemctl daemon-reload && systemctl enable --now opsbro

[Unit]
Description=OpsBro monitoring and service discovery agent
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=20

[Service]
Type=notify
NotifyAccess=main
Environment="OPSBRO_NODE=${quoteInside(installation.node)}"
ExecStart=${start.map(word).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
RestartPreventExitStatus=2 78
WatchdogSec=30
TimeoutStartSec=60
TimeoutStopSec=15
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
