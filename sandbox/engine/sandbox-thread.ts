import { createHostCalls } from '../grants/host-calls.ts';
import { serve } from './serve.ts';

serve((parts) => createHostCalls(parts));
