/** Schemas of what the transparency context stores. */
import Type from 'typebox';
import type { LogIdentityEvent } from '../../domain/transparency/log-identity.events.ts';
import { defineEvents, v1 } from '../kernel/event-catalogue.ts';

export const transparencyEvents = defineEvents<LogIdentityEvent>('transparency', {
  LogOriginFixed: v1(Type.Object({ installationId: Type.String({ minLength: 1 }), origin: Type.String({ minLength: 1 }) }, { additionalProperties: false })),
});
