import { waitForSlowAddresses } from '../../threads/slow-addresses.ts';
import { createHostCalls } from '../grants/host-calls.ts';
import { serve } from './serve.ts';

waitForSlowAddresses();
serve((parts) => createHostCalls(parts));
