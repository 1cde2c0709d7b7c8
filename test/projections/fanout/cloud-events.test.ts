/** CloudEvents 1.0 in JSON: required attributes, forms of attributes and names, and the published conformance vectors as their own examples. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Actor } from '../../../application/kernel/ports.ts';
import { AUTH_TYPES, createCloudEvents, type CloudEvent } from '../../../projections/fanout/cloud-events.ts';
import { publicTypes } from '../../../projections/fanout/integration-events.ts';
import { root } from '../../support/source-files.ts';
import { CORRELATION, EVENT_ID, recordedAs, STREAM_NAME, storedEvents, TENANT } from '../../support/stored-events.ts';

const PUBLIC_URL = 'https://ca.example';
const toCloudEvent = createCloudEvents(PUBLIC_URL);

type Attributes = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isInstant = (value: unknown): boolean => isText(value) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value));
const isUriReference = (value: unknown): boolean => isText(value) && /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/.test(value) && URL.canParse(value, 'https://base.example');
const optionally = (check: (value: unknown) => boolean) => (value: unknown): boolean => value === undefined || check(value);

/** CloudEvents 1.0.2, sections 3.1 and 3.2. */
const FORMS: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: isText,
  source: isUriReference,
  specversion: (value) => value === '1.0',
  type: isText,
  datacontenttype: optionally((value) => isText(value) && /^[\w.+-]+\/[\w.+-]+(?:;.*)?$/.test(value)),
  dataschema: optionally((value) => isText(value) && URL.canParse(value)),
  subject: optionally(isText),
  time: optionally(isInstant),
};

/** What is wrong with an event's attributes, by the specification: names of 3.1, extensions of 3.3 with the types of 2. */
const faults = (attributes: Attributes): readonly string[] => [
  ...Object.entries(FORMS).flatMap(([name, isRight]) => (isRight(attributes[name]) ? [] : [name])),
  ...Object.entries(attributes).flatMap(([name, value]) => {
    if (name === 'data' || Object.hasOwn(FORMS, name)) return [];
    const isValue = typeof value === 'boolean' || (Number.isInteger(value) && Math.abs(value as number) < 2 ** 31) || typeof value === 'string';
    return /^[a-z0-9]{1,20}$/.test(name) && isValue ? [] : [name];
  }),
];

const vector = (name: string): string => readFileSync(join(root, 'test/vectors/cloudevents', name), 'utf8');

/** The context attributes of the published events, as much of YAML as they are written in. */
const published = (text: string): readonly Attributes[] =>
  text.split(/^---$/m).map((part) => {
    const block = /^ContextAttributes:\n((?:[ \t]+.*\n?)+)/m.exec(part)?.[1] ?? '';
    const pairs = [...block.matchAll(/^ {2}([a-z]+): +(.+)$/gm)].map(([, name, value]) => [name as string, (value as string).trim()] as const);
    return Object.fromEntries(pairs);
  }).filter((attributes) => Object.keys(attributes).length > 0);

const ended = (actor: Actor) => recordedAs({ context: 'tenancy' }, 'SessionEnded', { reason: 'signed_out' }, actor);

const all: readonly CloudEvent[] = storedEvents().flatMap(({ recorded }) => toCloudEvent(recorded) ?? []);

describe('CloudEvents', () => {
  it('are what the specification asks for, for every public type', () => {
    expect(new Set(all.map(({ type }) => type)).size).to.equal(publicTypes.length);
    for (const event of all) expect(faults(event), event.type).to.deep.equal([]);
  });

  it('are judged as the published conformance events are: good in 1.0, not in 0.3', () => {
    const good = [...published(vector('yaml/v1.0/v1_minimum.yaml')), ...published(vector('yaml/v1.yaml'))];
    expect(good.length).to.be.greaterThan(6);
    for (const attributes of good) expect(faults(attributes), JSON.stringify(attributes)).to.deep.equal([]);
    const old = [...published(vector('yaml/v0.3/v03_minimum.yaml')), ...published(vector('yaml/v03.yaml'))];
    expect(old.length).to.be.greaterThan(3);
    for (const attributes of old) expect(faults(attributes)).to.include('specversion');
  });

  it('have in structured mode the members that the published request has', () => {
    const [, body = ''] = /Content-Type: <contentType>\s+Content-Length: 266\s+(\{[\s\S]*?\n {8}\})/.exec(vector('features/http-protocol-binding.feature')) ?? [];
    const request = JSON.parse(body) as Attributes;
    expect(faults(request)).to.deep.equal([]);
    for (const event of all) expect(Object.keys(event)).to.include.members(Object.keys(request));
  });

  it('go red where an attribute is wrong', () => {
    const [event] = all as readonly [CloudEvent];
    for (const wrong of [{ id: '' }, { source: 'a b' }, { time: 'yesterday' }, { dataschema: '/relative' }, { Tenant: 'x' }, { sequence: 42.5 }, { nested: {} }, { subject: '' }]) {
      expect(faults({ ...event, ...wrong })).to.deep.equal(Object.keys(wrong));
    }
  });

  it('say where the event stands, whose it is, and who is behind it', () => {
    const event = toCloudEvent(recordedAs({ context: 'tenancy' }, 'SessionEnded', { reason: 'signed_out' }));
    expect(event).to.deep.equal({
      specversion: '1.0',
      id: EVENT_ID,
      source: `/tenants/${TENANT}/tenancy`,
      type: 'chancery.tenancy.session.ended',
      subject: STREAM_NAME,
      time: '2026-03-09T14:23:45.678Z',
      datacontenttype: 'application/json',
      dataschema: 'https://ca.example/platform/v1/event-schemas/chancery.tenancy.session.ended',
      sequence: '00000000000000000042',
      correlationid: CORRELATION,
      authtype: 'api_key',
      authid: '019aa5c4-6f00-7000-8000-0000000000ae',
      tenant: TENANT,
      timestamp: '2026-03-09T14:23:45.678Z',
      data: { session_id: STREAM_NAME, reason: 'signed_out' },
    });
  });

  it('name the cause where there is one, and nobody where it was a stranger', () => {
    const kinds = ['operator', 'person', 'credential', 'system', 'anonymous'] as const;
    expect(kinds.map((kind) => toCloudEvent(ended({ kind, id: 'x' }))?.authtype)).to.deep.equal(['service_account', 'user', 'api_key', 'system', 'unauthenticated']);
    expect(AUTH_TYPES).to.have.length(kinds.length);
    expect(toCloudEvent(ended({ kind: 'anonymous', id: 'anonymous' }))).not.to.have.property('authid');
    const recorded = ended({ kind: 'system', id: 'sweeper' });
    expect(toCloudEvent({ ...recorded, cause: { ...recorded.cause, causation: EVENT_ID } })).to.include({ causationid: EVENT_ID, authid: 'sweeper' });
  });

  it('stay far below the 20 kB that a webhook should send', () => {
    expect(Math.max(...all.map((event) => JSON.stringify(event).length))).to.be.lessThan(4_000);
  });
});
