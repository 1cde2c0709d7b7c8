/** One slug of the installation, and the tenant that it leads to. */
import type { Decider, Message } from '../kernel/decider.ts';
import { reject, rejectFields } from '../kernel/rejection.ts';
import type { SlugEvent } from './slug.events.ts';

/** `instead`: the tenant, abandoned by now, that the slug was reserved for. */
export type ReserveSlug = Message<'ReserveSlug', { slug: string; tenantId: string; instead?: string }>;

export type SlugState = Readonly<{ tenantId?: string }>;

/** 2 to 63 lower-case letters, digits and inner hyphens: fit for a host name's label. */
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/u;

export const checkSlug = (slug: string): void => {
  if (!SLUG.test(slug)) rejectFields({ slug: 'must be 2 to 63 lower-case letters, digits and inner hyphens' });
};

export const slug: Decider<SlugState, ReserveSlug, SlugEvent> = {
  initialState: {},
  evolve: (state, event) => (event.type === 'SlugReserved' ? { tenantId: event.data.tenantId } : state),
  decide: ({ data }, state) => {
    checkSlug(data.slug);
    if (state.tenantId === data.tenantId) return [];
    if (state.tenantId !== data.instead) return reject('tenancy.slug_taken', { slug: data.slug });
    return [{ type: 'SlugReserved', data: { slug: data.slug, tenantId: data.tenantId } }];
  },
};
