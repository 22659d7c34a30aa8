import type { GuestFunctions } from 'opsbro/sdk';
import { isInRange, parseAddress, parseNetwork } from './address.ts';

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  ip_is_in_range: (py, ip, cidr) => {
    const ipText = py.text(ip ?? null, 'ip_is_in_range');
    const cidrText = py.text(cidr ?? null, 'ip_is_in_range');
    const address =
      parseAddress(ipText) ??
      py.raise('value', `ip_is_in_range: '${ipText.slice(0, 100)}' is not an IP address`);
    const network =
      parseNetwork(cidrText) ??
      py.raise('value', `ip_is_in_range: '${cidrText.slice(0, 100)}' is not a network such as 10.0.0.0/8`);
    return isInRange(address, network);
  },
};
