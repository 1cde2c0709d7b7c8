/** Where SIEM sinks are recorded, and what belongs to one. */
import { streamId, type StreamId, type TenantId } from '../../domain/kernel/ids.ts';
import type { Place } from '../kernel/sealing.ts';

export type SinkName = Readonly<{ tenant: TenantId; sinkId: string }>;

/** All sinks of a tenant; the installation's own under its own id. */
export const siemSinksStream = (tenant: TenantId): StreamId => streamId('delivery.siemsinks', tenant, 'all');

export const sinkSecretPlace = ({ tenant, sinkId }: SinkName): Place => ({ tenant, place: `${siemSinksStream(tenant)}#${sinkId}#secret` });

export const sinkUrlPlace = ({ tenant, sinkId }: SinkName): Place => ({ tenant, place: `${siemSinksStream(tenant)}#${sinkId}#url` });

/** The name of a sink in what is stored of its work. */
export const sinkKey = ({ tenant, sinkId }: SinkName): string => `${tenant}/${sinkId}`;

/** What the names of the sinks' followers begin with. */
export const SINK_FOLLOWERS = 'siem:';

/** The follower whose checkpoint is the sink's position. */
export const sinkFollower = (name: SinkName): string => SINK_FOLLOWERS + sinkKey(name);
