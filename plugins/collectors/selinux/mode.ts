/** How SELinux treats a denied access. `disabled`: SELinux is off. `unknown`: it is on, and does not say which. */
export type SelinuxMode = 'enforcing' | 'permissive' | 'disabled' | 'unknown';

/** Reads the text of selinuxfs' `enforce`: `1` enforces, `0` only logs, anything else is `unknown`. */
export function parseEnforce(text: string): SelinuxMode {
  const flag = text.trim();
  if (flag === '1') return 'enforcing';
  return flag === '0' ? 'permissive' : 'unknown';
}
