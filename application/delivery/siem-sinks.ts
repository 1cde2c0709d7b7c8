/** The SIEM sinks of tenants and of the installation: made, changed, tried, paused, resumed, deleted. */
import type { SiemSinkCreated, SiemSinkEvent, SinkSettings, SinkTarget } from '../../domain/delivery/siem-sink.events.ts';
import { siemSinks as decider, type SiemSink, type SiemSinkCommand, type SiemSinksState } from '../../domain/delivery/siem-sinks.ts';
import type { TenantId } from '../../domain/kernel/ids.ts';
import { Rejection, reject, rejectFields } from '../../domain/kernel/rejection.ts';
import { createAggregate, type Aggregate } from '../kernel/command-handler.ts';
import type { Cause, Clock, EventLog, EventStore, Recorded } from '../kernel/ports.ts';
import type { Secrets } from '../kernel/sealing.ts';
import { createShares } from '../kernel/shares.ts';
import { ifOpen, openUrl, orUnreadable, sealText, sealUrl } from './sealed-urls.ts';
import { failureOf, type OpenTarget, type OpenTransport, type SeenTarget, type SinkDoor, type SinkFailure, type SinkTransport } from './siem-ports.ts';
import type { ToRecord } from './siem-records.ts';
import { siemSinksStream, sinkSecretPlace, sinkUrlPlace, type SinkName } from './siem-streams.ts';
import { createStarts, type Start } from './starts.ts';

export type WantedSink = Readonly<{
  name: string;
  target: OpenTarget;
  /** The value of the header that the target names. */
  secret: string | null;
  /** Public types; null: all. */
  types: readonly string[] | null;
  start: Start;
}>;

/** What stays away stays as it is; a `secret` of null is taken away. The target's kind is that of the sink. */
export type ChangedSink = Partial<Omit<WantedSink, 'start'>>;

/** `readable`: whether everything that it sends with can be opened; where not, it sends nothing. */
export type Revealed = Readonly<{ target: SeenTarget; readable: boolean }>;

/** What a test send came to: the failure, or undefined when the receiver took it. */
export type Tried = Readonly<{ failure: SinkFailure | undefined; durationMs: number }>;

/** `commandId`: a command said again is the same command. All reject with `delivery.sink_not_found` where there is none (any more). */
export interface SiemSinks {
  find(tenant: TenantId, sinkId: string): Promise<SiemSink | undefined>;
  list(tenant: TenantId): Promise<readonly SiemSink[]>;
  /** Rejects with `request.invalid` {fields, named as on the wire} and `delivery.too_many_sinks` {limit}. */
  create(tenant: TenantId, wanted: WantedSink, how: Cause & Readonly<{ commandId: string }>): Promise<SiemSink>;
  /**
   * `sink`: as it was seen by whoever decided on the change. Rejects with `request.invalid` {fields, named as on the wire}, and with
   * `delivery.sink_changed` when its target or secret is no longer the one that was seen.
   */
  change(tenant: TenantId, sink: SiemSink, wanted: ChangedSink, cause: Cause): Promise<SiemSink>;
  pause(tenant: TenantId, sinkId: string, cause: Cause): Promise<SiemSink>;
  resume(tenant: TenantId, sinkId: string, cause: Cause): Promise<SiemSink>;
  remove(tenant: TenantId, sinkId: string, cause: Cause): Promise<void>;
  /** Sends the event of the sink's making, once. Rejects with `delivery.unreadable` where its URL or secret cannot be opened. */
  test(tenant: TenantId, sinkId: string, signal: AbortSignal): Promise<Tried>;
  /** Its target, for those who may see it. */
  reveal(tenant: TenantId, sink: SiemSink): Promise<Revealed>;
  /** The way to its receiver, its secret opened. Rejects with `kernel.seal_broken`. */
  open(tenant: TenantId, sink: SiemSink): Promise<SinkTransport>;
}

export type SiemSinksDeps = Readonly<{
  store: EventStore;
  log: Pick<EventLog, 'head' | 'before'>;
  secrets: Secrets;
  door: SinkDoor;
  transport: OpenTransport;
  toRecord: ToRecord;
  /** The public types. */
  types: readonly string[];
  clock: Clock;
}>;

const CACHED = 2_000;

/** What the guard refuses, said of the field that named it. */
const guarded = (field: string, check: () => void): void => {
  try {
    check();
  } catch (error) {
    if (!(error instanceof Rejection) || error.code !== 'outbound.forbidden') throw error;
    rejectFields({ [error.details['part'] === 'port' ? 'port' : field]: String(error.details['reason']) });
  }
};

const createCheck = ({ door, types: publicTypes }: Pick<SiemSinksDeps, 'door' | 'types'>) => {
  const known = new Set(publicTypes);
  const checkTarget = (target: OpenTarget): void => {
    if (target.kind === 'ocsf-http') guarded('url', () => door.check(target.url));
    if (target.kind === 'cef-syslog') guarded('host', () => door.checkHost(target.host, target.port));
  };
  return ({ target, types }: Pick<ChangedSink, 'target' | 'types'>): void => {
    if (target !== undefined) checkTarget(target);
    const unknown = types?.find((type) => !known.has(type));
    if (unknown !== undefined) rejectFields({ types: `holds ${JSON.stringify(unknown.slice(0, 100))}, which is no type of event` });
    if (types?.length === 0) rejectFields({ types: 'must name a type, or be left out for all of them' });
  };
};

const required = (state: SiemSinksState, sinkId: string): SiemSink => state.sinks.get(sinkId) ?? reject('delivery.sink_not_found');

/** Both reject with `kernel.seal_broken`. */
const createUnseal = (secrets: Secrets) => ({
  target: async (name: SinkName, target: SinkTarget): Promise<OpenTarget> =>
    target.kind === 'ocsf-http' ? { ...target, url: await openUrl(secrets, sinkUrlPlace(name), target.url) } : target,
  secret: async (name: SinkName, secret: SiemSink['secret']): Promise<string | null> =>
    secret === null ? null : Buffer.from(await secrets.open(sinkSecretPlace(name), secret)).toString('utf8'),
});

const createReveal = (secrets: Secrets): SiemSinks['reveal'] => {
  const unseal = createUnseal(secrets);
  return async (tenant, { sinkId, target, secret }) => {
    const name = { tenant, sinkId };
    const [opened, known] = await Promise.all([ifOpen(unseal.target(name, target)), ifOpen(unseal.secret(name, secret))]);
    const seen: SeenTarget = target.kind === 'ocsf-http' ? { ...target, url: opened?.kind === 'ocsf-http' ? opened.url : null } : target;
    return { target: seen, readable: opened !== undefined && known !== undefined };
  };
};

const createOpen = ({ secrets, transport }: Pick<SiemSinksDeps, 'secrets' | 'transport'>): SiemSinks['open'] => {
  const unseal = createUnseal(secrets);
  return async (tenant, { sinkId, target, secret }) => {
    const name = { tenant, sinkId };
    return transport({ ...name, target: await unseal.target(name, target), secret: await unseal.secret(name, secret) });
  };
};

/** What is stored of a target and its secret; what `known` holds already stays in its box. */
const createSeal = (secrets: Secrets) => ({
  target: async (name: SinkName, target: OpenTarget, known?: SinkTarget): Promise<SinkTarget> =>
    target.kind === 'ocsf-http' ? { ...target, url: await sealUrl(secrets, sinkUrlPlace(name), target.url, known?.kind === 'ocsf-http' ? known.url : undefined) } : target,
  secret: async (name: SinkName, secret: string | null, known?: SiemSink['secret']): Promise<SiemSink['secret']> =>
    secret === null ? null : sealText(secrets, sinkSecretPlace(name), secret, known),
});

/** What a receiver knows the sender by is for that receiver: a new address would get it without whoever set it having said so. */
const requireSecretAgain = (sink: SiemSink, seen: SeenTarget, { target, secret }: ChangedSink): void => {
  if (sink.secret === null || secret !== undefined || target?.kind !== 'ocsf-http' || seen.kind !== 'ocsf-http') return;
  if (target.url !== seen.url) rejectFields({ url: 'is another one: bearer_token or header must be given again with it, or header as null' });
};

const createChange = (deps: SiemSinksDeps, say: (tenant: TenantId, command: SiemSinkCommand, cause: Cause) => Promise<SiemSinksState>): SiemSinks['change'] => {
  const [check, seal, reveal] = [createCheck(deps), createSeal(deps.secrets), createReveal(deps.secrets)];
  return async (tenant, sink, wanted, cause) => {
    check(wanted);
    requireSecretAgain(sink, (await reveal(tenant, sink)).target, wanted);
    const name = { tenant, sinkId: sink.sinkId };
    const { target, secret, ...rest } = wanted;
    const settings: Partial<SinkSettings> = {
      ...rest,
      ...(target !== undefined && { target: await seal.target(name, target, sink.target) }),
      ...(secret !== undefined && { secret: await seal.secret(name, secret, sink.secret) }),
    };
    const data = { sinkId: sink.sinkId, settings, basis: sink.changes, at: new Date(deps.clock.now()).toISOString() };
    return required(await say(tenant, { type: 'ChangeSiemSink', data }, cause), sink.sinkId);
  };
};

/** Tests of one tenant at once: each holds a connection for as long as its receiver likes. */
const TESTS_AT_ONCE = 4;

const createTest = (deps: SiemSinksDeps, sinks: Aggregate<SiemSinksState, SiemSinkCommand, SiemSinkEvent>): SiemSinks['test'] => {
  const { store, toRecord, clock } = deps;
  const open = createOpen(deps);
  const making = async (tenant: TenantId, sinkId: string): Promise<Recorded<SiemSinkCreated>> => {
    for await (const recorded of store.read<SiemSinkEvent>(siemSinksStream(tenant))) {
      if (recorded.type === 'SiemSinkCreated' && recorded.data.sinkId === sinkId) return recorded;
    }
    return reject('delivery.sink_not_found');
  };
  const send = async (tenant: TenantId, sinkId: string, signal: AbortSignal): Promise<Tried> => {
    const sink = required((await sinks.load(siemSinksStream(tenant))).state, sinkId);
    const record = toRecord(sink.target.kind, await making(tenant, sinkId));
    if (record === undefined) throw new Error('the SIEM table says nothing of a sink that was made');
    const way = await orUnreadable(open(tenant, sink));
    const began = clock.now();
    const took = (): number => Math.max(0, clock.now() - began);
    try {
      await way.send([record], signal);
      return { failure: undefined, durationMs: took() };
    } catch (error) {
      const failure = failureOf(error);
      if (failure === undefined) throw error;
      return { failure, durationMs: took() };
    } finally {
      await way.close();
    }
  };
  const testing = createShares<TenantId>(TESTS_AT_ONCE);
  return (tenant, sinkId, signal) => testing(tenant, () => send(tenant, sinkId, signal));
};

export const createSiemSinks = (deps: SiemSinksDeps): SiemSinks => {
  const { store, secrets, clock } = deps;
  const sinks = createAggregate<SiemSinksState, SiemSinkCommand, SiemSinkEvent>(store, decider, { cached: CACHED });
  const [check, seal, starts] = [createCheck(deps), createSeal(secrets), createStarts(deps)];
  const now = (): string => new Date(clock.now()).toISOString();
  const say = async (tenant: TenantId, command: SiemSinkCommand, cause: Cause): Promise<SiemSinksState> =>
    (await sinks.execute(siemSinksStream(tenant), command, cause)).state;
  const stateOf = async (tenant: TenantId): Promise<SiemSinksState> => (await sinks.load(siemSinksStream(tenant))).state;

  return {
    find: async (tenant, sinkId) => (await stateOf(tenant)).sinks.get(sinkId),
    list: async (tenant) => [...(await stateOf(tenant)).sinks.values()],
    create: async (tenant, { secret, target, start, ...wanted }, { commandId: sinkId, ...cause }) => {
      check({ target, types: wanted.types });
      const where = await starts.start(start);
      const sealed = { target: await seal.target({ tenant, sinkId }, target), secret: await seal.secret({ tenant, sinkId }, secret) };
      return required(await say(tenant, { type: 'CreateSiemSink', data: { sinkId, ...wanted, ...sealed, ...where, at: now() } }, cause), sinkId);
    },
    change: createChange(deps, say),
    pause: async (tenant, sinkId, cause) => required(await say(tenant, { type: 'PauseSiemSink', data: { sinkId, at: now() } }, cause), sinkId),
    resume: async (tenant, sinkId, cause) => required(await say(tenant, { type: 'ResumeSiemSink', data: { sinkId, at: now() } }, cause), sinkId),
    remove: async (tenant, sinkId, cause) => { await say(tenant, { type: 'DeleteSiemSink', data: { sinkId, at: now() } }, cause); },
    test: createTest(deps, sinks),
    reveal: createReveal(secrets),
    open: createOpen(deps),
  };
};
