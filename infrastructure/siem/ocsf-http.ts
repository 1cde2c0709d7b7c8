/** OCSF events over HTTP: a JSON array for each batch, by POST. What answers 2xx has taken all of it. */
import { retryAfterOf } from '../../domain/delivery/retries.ts';
import type { HttpTarget } from '../../domain/delivery/siem-sink.events.ts';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { sinkFailed, type OpenSink, type SinkTransport } from '../../application/delivery/siem-ports.ts';
import type { Outbound, OutboundReply } from '../web/outbound.ts';

const TIMEOUT_MS = 15_000;
/** The answer's body is not looked at: this much is read so that the connection can be used again. */
const MAX_ANSWER_OCTETS = 65_536;
const ANSWER_MS = 1_000;

const REASONS: Readonly<Record<string, 'forbidden' | 'timeout' | 'unreachable'>> = {
  'outbound.forbidden': 'forbidden',
  'outbound.timeout': 'timeout',
  'outbound.unreachable': 'unreachable',
};

/** What the guarded way out rejects with, as a sink's failure; anything else is no fault of the receiver. */
export const outboundFailure = (error: unknown): unknown => {
  const reason = error instanceof Rejection ? REASONS[error.code] : undefined;
  return reason === undefined ? error : sinkFailed({ reason });
};

const judge = ({ status, headers }: OutboundReply, now: number): void => {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) throw sinkFailed({ reason: 'redirect', status });
  const retryAfterMs = retryAfterOf(headers['retry-after'], now);
  throw sinkFailed({ reason: 'status', status, ...(retryAfterMs !== undefined && { retryAfterMs }) });
};

export const createHttpTransport = (outbound: Pick<Outbound, 'request'>, now: () => number, target: HttpTarget<string>, { secret }: Pick<OpenSink, 'secret'>): SinkTransport => {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'chancery-siem',
    ...(target.header !== null && secret !== null && { [target.header.toLowerCase()]: secret }),
  };
  return {
    send: async (records, signal) => {
      const body = `[${records.map((record) => record.body).join(',')}]`;
      const reply = await outbound
        .request({ method: 'POST', url: target.url, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, body, timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_OCTETS, bodyMs: ANSWER_MS, signal })
        .catch((error: unknown) => { throw outboundFailure(error); });
      judge(reply, now());
    },
    close: () => Promise.resolve(),
  };
};
