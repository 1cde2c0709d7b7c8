/** The signing operations of all tenants, as the command handler runs them. */
import type { StreamId, TenantId } from '../../domain/kernel/ids.ts';
import { streamId } from '../../domain/kernel/ids.ts';
import type { SigningStreamEvent } from '../../domain/signing/operation.events.ts';
import { signingOperation, type SigningOperationCommand, type SigningOperationState } from '../../domain/signing/operation.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { EventStore } from '../kernel/ports.ts';

export type SigningOperations = Aggregate<SigningOperationState, SigningOperationCommand, SigningStreamEvent>;

export const operationStream = (tenant: TenantId, operationId: string): StreamId => streamId('signing.operation', tenant, operationId);

/** An operation is decided on twice within seconds and never again: few states need keeping. */
const CACHED = 1_000;

export const createSigningOperations = (store: EventStore): SigningOperations =>
  createAggregate(store, signingOperation, { cached: CACHED });
