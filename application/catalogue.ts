/** Everything that may be stored, of every context. */
import { authoritiesEvents } from './authorities/events.ts';
import { webhookEvents } from './delivery/events.ts';
import { siemSinkEvents } from './delivery/siem-events.ts';
import type { EventRow } from './kernel/event-catalogue.ts';
import { keysEvents } from './keys/events.ts';
import { licensingEvents } from './licensing/events.ts';
import { signingEvents } from './signing/events.ts';
import { signingPolicyEvents } from './signing/policy-events.ts';
import { tenancyEvents } from './tenancy/events.ts';
import { transparencyEvents } from './transparency/events.ts';

export const catalogue: readonly EventRow[] = [
  ...authoritiesEvents, ...keysEvents, ...licensingEvents, ...signingEvents, ...signingPolicyEvents, ...siemSinkEvents, ...tenancyEvents, ...transparencyEvents, ...webhookEvents,
];
