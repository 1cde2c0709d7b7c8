/** Events of no context, for tests of what carries events and does not care what they say. */
import Type from 'typebox';
import { defineEvents, v1, versions } from '../../application/kernel/event-catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Cause } from '../../application/kernel/ports.ts';
import type { Message } from '../../domain/kernel/decider.ts';
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import { randomUUIDv7 } from 'node:crypto';

export type Noted = Message<'Noted', Readonly<{ text: string }>>;
export type Counted = Message<'Counted', Readonly<{ count: number; unit: string }>>;
export type SampleEvent = Noted | Counted;

export const sampleEvents = defineEvents<SampleEvent>('sample', {
  Noted: v1(Type.Object({ text: Type.String() }, { additionalProperties: false })),
  Counted: versions(
    [[Type.Object({ count: Type.Number() }), (data: { count: number }) => ({ ...data, unit: 'piece' })]],
    Type.Object({ count: Type.Number(), unit: Type.String() }, { additionalProperties: false }),
  ),
});

export const sampleCodec = createEventCodec(sampleEvents);

export const noted = (text: string): Noted => ({ type: 'Noted', data: { text } });
export const counted = (count: number, unit = 'piece'): Counted => ({ type: 'Counted', data: { count, unit } });

export const someTenant = (): TenantId => randomUUIDv7() as TenantId;
export const someStream = (tenant: TenantId = someTenant()): StreamId => streamId('sample.thing', tenant, randomUUIDv7());

export const someCause: Cause = { actor: { kind: 'system', id: 'test' }, correlation: 'test' };
