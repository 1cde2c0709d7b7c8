/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';
import type { PlanState, Plans, SurfaceName } from './terms.ts';

export type TenantCreated = Message<'TenantCreated', { slug: string; name: string; plans: Plans }>;
/** Its creation did not come to an end and never will; the slug is free again. */
export type TenantAbandoned = Message<'TenantAbandoned', { slug: string }>;
export type PlanSet = Message<'PlanSet', { surface: SurfaceName; plan: PlanState }>;

export type TenantEvent = TenantCreated | TenantAbandoned | PlanSet;
