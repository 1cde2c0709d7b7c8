/** NOTE: a storage contract. Add fields, never change or reuse one; a new meaning is a new event. */
import type { Message } from '../kernel/decider.ts';

/** Stands under the installation for a master key, under the tenant for its key. `rewrapped`: keys put under the new one. */
export type EnvelopeKeyRotated = Message<'EnvelopeKeyRotated', { level: 'master' | 'tenant'; version: number; rewrapped: number; at: string }>;
