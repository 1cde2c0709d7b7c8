/** The message by which somebody tries a webhook: of the public vocabulary, and no event of the log. */
import type { TestMessage } from '../../application/delivery/redeliver.ts';
import { TEST_TYPE } from '../../application/delivery/redeliver.ts';
import { authOf, schemaUrl, type CloudEvent } from './cloud-events.ts';
import { publicTypes, type PublicType } from './integration-events.ts';
import { shape, uuid } from './shapes.ts';

/** A public type, whatever it is made from. */
export type DescribedType = Omit<PublicType, 'stored'>;

const testType: DescribedType = {
  type: TEST_TYPE,
  summary: 'Somebody tried a webhook endpoint: sent when it is asked for, whatever types the endpoint has. It is no event of the log, and has no `sequence`.',
  schema: shape({ webhook_id: uuid('The endpoint') }),
  webhooks: false,
};

/** Every type that a receiver may meet, in alphabetical order. */
export const describedTypes: readonly DescribedType[] = [...publicTypes, testType].toSorted((one, other) => (one.type < other.type ? -1 : 1));

const byType: ReadonlyMap<string, DescribedType> = new Map(describedTypes.map((row) => [row.type, row]));

export const describedType = (type: string): DescribedType | undefined => byType.get(type);

/**
 * A test as a CloudEvent. Without `sequence`: a receiver that remembers the highest one would take what comes before it in the log for old.
 * `publicUrl`: base of absolute links, without a trailing slash.
 */
export const createTestEvents =
  (publicUrl: string) =>
  ({ id, tenant, webhookId, time, cause }: TestMessage): Omit<CloudEvent, 'sequence'> => ({
    specversion: '1.0',
    id,
    source: `/tenants/${tenant}/delivery`,
    type: TEST_TYPE,
    subject: webhookId,
    time,
    datacontenttype: 'application/json',
    dataschema: schemaUrl(publicUrl, TEST_TYPE),
    correlationid: cause.correlation,
    ...authOf(cause.actor),
    tenant,
    timestamp: time,
    data: { webhook_id: webhookId },
  });
