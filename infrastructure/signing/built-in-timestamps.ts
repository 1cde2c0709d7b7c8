/** The installation's own timestamp authority, set up when the first timestamp is asked for. */
import type { Authorities } from '../../application/authorities/authorities.ts';
import type { Clock } from '../../application/kernel/ports.ts';
import { createTimestampAuthority, type TimestampAnswers } from '../pki/timestamp-authority.ts';

export const createBuiltInTimestamps = (authorities: Pick<Authorities, 'timestampSigner'>, clock: Clock): TimestampAnswers => {
  let ready: TimestampAnswers | undefined;
  const authority = async (): Promise<TimestampAnswers> => {
    ready ??= createTimestampAuthority({ signer: await authorities.timestampSigner(), clock });
    return ready;
  };
  return {
    stamp: async (signature) => (await authority()).stamp(signature),
    respond: async (request) => (await authority()).respond(request),
  };
};
