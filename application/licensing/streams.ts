/** The streams of licensing, and the places in them at which something is sealed. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import type { Series } from '../kernel/volumes.ts';
import type { Place } from '../kernel/sealing.ts';

export const accountStream = (tenant: TenantId): StreamId => streamId('licensing.account', tenant, 'account');

/** `volume` counts from 0. */
export const ledgerStream = ({ tenant }: Pick<Series, 'tenant'>, volume: number): StreamId => streamId('licensing.ledger', tenant, String(volume));

export const licenceStream = (tenant: TenantId, licenceKey: string): StreamId => streamId('licensing.licence', tenant, licenceKey);

/** One for each day of the clock (UTC, `2026-11-22`): nobody folds it. */
export const validationsStream = (tenant: TenantId, day: string): StreamId => streamId('licensing.validations', tenant, day);

/** One for each day of the clock: nobody folds it. */
export const offlineStream = (tenant: TenantId, day: string): StreamId => streamId('licensing.offline', tenant, day);

export const signingKeysStream = (tenant: TenantId): StreamId => streamId('licensing.signingkeys', tenant, 'keys');

/** Where the seed of a key belongs. */
export const signingSeedPlace = (tenant: TenantId, kid: string): Place => ({ tenant, place: `${signingKeysStream(tenant)}#seed#${kid}` });

export const fingerprintKeyPlace = (tenant: TenantId): Place => ({ tenant, place: `${accountStream(tenant)}#fingerprint-key` });

/** Not bound to the volume, which is not known before the licence is stored. */
export const holderPlace = (tenant: TenantId, licenceKey: string): Place => ({ tenant, place: `${licenceStream(tenant, licenceKey)}#holder` });

export const reasonPlace = (tenant: TenantId, licenceKey: string): Place => ({ tenant, place: `${licenceStream(tenant, licenceKey)}#reason` });
