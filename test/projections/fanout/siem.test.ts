/** What a SIEM is told: of every stored type, as OCSF 1.8.0 asks for it, and nothing that must stay inside. */
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import type { Actor } from '../../../application/kernel/ports.ts';
import { createToCef } from '../../../projections/fanout/siem-cef.ts';
import { createToOcsf, siemEvent, siemRows, siemTypes } from '../../../projections/fanout/siem.ts';
import { ocsfFaults, OCSF_CLASSES } from '../../support/ocsf.ts';
import { CORRELATION, CREDENTIAL, EVENT_ID, HARMLESS, leaked, NEVER, planted, recordedAs, STREAM_NAME, storedEvents, TENANT } from '../../support/stored-events.ts';

type Json = Readonly<Record<string, unknown>>;

const toOcsf = createToOcsf('1.2.3') as (recorded: ReturnType<typeof recordedAs>) => Json | undefined;
const toCef = createToCef('1.2.3');
const events = storedEvents();
const told = events.flatMap((event) => {
  const ocsf = toOcsf(event.recorded);
  return ocsf === undefined ? [] : [{ ...event, ocsf }];
});

const leavesOf = (map: (recorded: (typeof events)[number]['recorded']) => unknown): readonly string[] =>
  events.flatMap((event) => {
    const { recorded, marks } = planted(event);
    return leaked(JSON.stringify(map(recorded)) ?? '', marks).map((path) => `${event.name} ${path}`);
  });
const isSecret = (leaf: string): boolean => NEVER.test(leaf.slice(leaf.indexOf(' ') + 1)) && !Object.hasOwn(HARMLESS, leaf);

const said = (context: string, type: string, data: object) => {
  const event = siemEvent(recordedAs({ context }, type, data));
  return [event?.status, event?.severity, event?.reason];
};

describe('OCSF events', () => {
  it('have a row for each stored type, and say why where one is not sent', () => {
    expect(catalogue.map(({ type }) => type).filter((type) => !Object.hasOwn(siemRows, type))).to.deep.equal([]);
    const known = new Set(catalogue.map(({ type }) => type));
    expect(Object.keys(siemRows).filter((type) => !known.has(type))).to.deep.equal([]);
    const silent = Object.values(siemRows).flatMap((row) => ('unsent' in row ? [row.unsent] : []));
    expect(silent.length).to.be.greaterThan(10);
    for (const reason of silent) expect(reason).to.match(/\w.*\.$/);
    expect(siemTypes).to.have.length(Object.keys(siemRows).length - silent.length);
    expect(new Set(told.map(({ row }) => row.type)).size).to.equal(siemTypes.length);
  });

  for (const { name, ocsf } of told) {
    it(`say of ${name} what its class demands`, () => {
      expect(ocsfFaults(ocsf)).to.deep.equal([]);
      expect(ocsf['message']).to.match(/^[A-Z].*[a-z]$/);
    });
  }

  it('are of every class of the table, which is the published one', () => {
    expect(new Set(told.map(({ ocsf }) => ocsf['class_uid']))).to.deep.equal(new Set(Object.keys(OCSF_CLASSES).map(Number)));
  });

  it('go red where something of them is wrong', () => {
    const [{ ocsf }] = told as [(typeof told)[number]];
    const { metadata: _metadata, ...without } = ocsf;
    const wrong: readonly (readonly [Json, string])[] = [
      [without, 'metadata is missing'], [{ ...ocsf, class_uid: 9_999 }, 'class 9999 is unknown'], [{ ...ocsf, type_uid: 1 }, 'type_uid is wrong'], [{ ...ocsf, activity_id: 77 }, 'activity_id is wrong'],
      [{ ...ocsf, time: 1_773_066_400 }, 'time is wrong'], [{ ...ocsf, severity_id: 7 }, 'severity_id is wrong'], [{ ...ocsf, more: 1 }, 'more is unknown'], [{ ...ocsf, entity: { type: 'x' } }, 'entity.one of'],
      [{ ...ocsf, category_uid: 6 }, 'category_uid is wrong'], [{ ...ocsf, actor: {} }, 'actor.one of'],
    ];
    for (const [event, fault] of wrong) expect(ocsfFaults(event).some((found) => found.startsWith(fault)), fault).to.equal(true);
  });

  it('name the event, its tenant and its place, and who is behind it', () => {
    const ocsf = toOcsf(recordedAs({ context: 'tenancy' }, 'SessionOpened', { userId: 'u', amr: ['pwd', 'otp'], term: 1, refreshHash: 'h', refreshUntil: 'x', endsAt: 'y' }));
    expect(ocsf).to.deep.equal({
      category_uid: 3, category_name: 'Identity & Access Management', class_uid: 3002, class_name: 'Authentication', activity_id: 1, activity_name: 'Logon', type_uid: 300_201, type_name: 'Authentication: Logon',
      time: Date.parse('2026-03-09T14:23:45.678Z'), severity_id: 1, severity: 'Informational', status_id: 1, status: 'Success', message: 'Signed in',
      metadata: {
        version: '1.8.0', product: { name: 'Chancery', vendor_name: 'Chancery', version: '1.2.3' }, uid: EVENT_ID, event_code: 'chancery.tenancy.session.opened', tenant_uid: TENANT, correlation_uid: CORRELATION,
        logged_time: Date.parse('2026-03-09T14:23:45.678Z'), log_name: 'events', labels: ['position:00000000000000000042'],
      },
      actor: { user: { uid: CREDENTIAL.id, type_id: 4, type: 'Service' } },
      user: { uid: 'u', type_id: 1, type: 'User' }, service: { name: 'Chancery' }, session: { uid: STREAM_NAME }, is_mfa: true,
      unmapped: { session_id: STREAM_NAME, user_id: 'u', amr: ['pwd', 'otp'], ends_at: 'y' },
    });
  });

  it('tell what went wrong from what went well, and what matters from what does not', () => {
    expect(said('keys', 'KmsSignatureVerified', { keyId: 'k', valid: true })).to.deep.equal(['Success', 'Informational', undefined]);
    expect(said('keys', 'KmsSignatureVerified', { keyId: 'k', valid: false })).to.deep.equal(['Failure', 'Low', undefined]);
    expect(said('licensing', 'LicenceValidated', { licenceKey: 'l', verdict: 'revoked' })).to.deep.equal(['Failure', 'Low', 'revoked']);
    expect(said('tenancy', 'SessionEnded', { reason: 'refresh_reused' })).to.deep.equal(['Success', 'High', 'refresh_reused']);
    expect(said('signing', 'SigningPolicySet', { policy: { lockdown: true }, setAt: 'x' })).to.deep.equal(['Success', 'High', undefined]);
    expect(said('authorities', 'CertifiedKeyRevoked', { serial: '0a', reason: 'key_compromise', revokedAt: 0, recordedAt: 0 })).to.deep.equal(['Success', 'High', undefined]);
  });

  it('are good whoever acts', () => {
    for (const kind of ['operator', 'person', 'credential', 'system', 'anonymous'] as const) {
      const actor: Actor = { kind, id: 'someone' };
      for (const { recorded } of told) expect(ocsfFaults(toOcsf({ ...recorded, cause: { ...recorded.cause, actor } }) as Json), recorded.type).to.deep.equal([]);
    }
  });

  it('carry no address, no secret and no sealed box, in OCSF and in CEF', () => {
    expect(leavesOf(toOcsf).filter(isSecret)).to.deep.equal([]);
    expect(leavesOf(toCef).filter(isSecret)).to.deep.equal([]);
    expect(leavesOf((recorded) => ({ ...toOcsf(recorded), raw_data: recorded.data })).filter(isSecret).length, 'the search finds what a careless map lets out').to.be.greaterThan(25);
  });

  it('say nothing of what only a newer release knows', () => {
    for (const type of ['signing.FromTheFuture.v9', 'toString', '__proto__']) expect([toOcsf(recordedAs({ context: 'signing' }, type, {})), toCef(recordedAs({ context: 'signing' }, type, {}))]).to.deep.equal([undefined, undefined]);
  });
});
