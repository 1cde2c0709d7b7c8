/** What is known of a request, in the terms in which events and rules speak of it. */
import type { SigningSource } from '../../domain/signing/operation.events.ts';
import type { SigningRefused } from '../../domain/signing/refusal.events.ts';
import { actorOf, type SigningPrincipal } from './authorise.ts';
import type { Asked } from './gates.ts';

/** The server's view: the channel when the client names one, else what it came in with. */
const sourceOf = (principal: SigningPrincipal, channel: SigningSource | undefined): SigningSource =>
  channel ?? (principal.kind === 'person' ? 'cli' : 'api');

const given = <Key extends string, Value>(key: Key, value: Value | undefined): Partial<Record<Key, Value>> =>
  value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);

export type Described = Omit<SigningRefused['data'], 'attemptId' | 'code' | 'approved' | 'address' | 'refusedAt'>;

export const describeRequest = ({ principal, request }: Pick<Asked, 'principal' | 'request'>): Described => {
  const { userId, by, secondFactor } = actorOf(principal);
  return {
    actorUserId: userId,
    by,
    secondFactor,
    digest: Buffer.from(request.digest).toString('base64'),
    fileName: request.fileName,
    fileSize: request.fileSize,
    source: sourceOf(principal, request.clientChannel),
    ...given('clientChannel', request.clientChannel),
    ...given('clientVersion', request.clientVersion),
    ...given('batchId', request.batchId),
    ...given('reason', request.reason),
  };
};
