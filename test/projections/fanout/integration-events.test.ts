/** The public vocabulary: complete, true to its schemas, and free of what must stay inside. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect } from 'chai';
import { catalogue } from '../../../application/catalogue.ts';
import { integrationEvent, integrationRows, publicType, publicTypes, storedTypes } from '../../../projections/fanout/integration-events.ts';
import { HARMLESS, leaked, NEVER, planted, recordedAs, storedEvents } from '../../support/stored-events.ts';

const ajv = new Ajv2020({ strict: true, allErrors: true });
ajvFormats.default(ajv);

type Schema = Readonly<{ type?: string; properties?: Record<string, Schema>; items?: Schema; anyOf?: readonly Schema[]; required?: readonly string[]; description?: string }>;

/** Public schemas are open; here nothing may be said that they do not name. */
const closed = (schema: Schema): object => ({
  ...schema,
  ...(schema.properties && { additionalProperties: false, properties: Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, closed(inner)])) }),
  ...(schema.items && { items: closed(schema.items) }),
  ...(schema.anyOf && { anyOf: schema.anyOf.map(closed) }),
});

const undescribed = (schema: Schema, path: string): readonly string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    ...(inner.description === undefined && inner.properties === undefined ? [`${path}.${name}`] : []),
    ...undescribed(inner, `${path}.${name}`),
  ]);

const events = storedEvents();
const leavesOf = (map: (event: (typeof events)[number]['recorded']) => unknown): readonly string[] =>
  events.flatMap((event) => {
    const { recorded, marks } = planted(event);
    return leaked(JSON.stringify(map(recorded)) ?? '', marks).map((path) => `${event.name} ${path}`);
  });
const isSecret = (leaf: string): boolean => NEVER.test(leaf.slice(leaf.indexOf(' ') + 1)) && !Object.hasOwn(HARMLESS, leaf);

describe('integration events', () => {
  it('have a row for each stored type, and no other', () => {
    expect(Object.keys(integrationRows).toSorted()).to.deep.equal(catalogue.map(({ type }) => type).toSorted());
    expect(publicTypes.length).to.be.greaterThan(35);
    expect(storedTypes).to.have.length(publicTypes.length);
  });

  it('have names of their own in the form of a webhook\'s type, under the context that they come from', () => {
    expect(new Set(publicTypes.map(({ type }) => type)).size).to.equal(publicTypes.length);
    for (const { type, stored } of publicTypes) {
      expect(type).to.match(/^chancery\.[a-z]+\.[a-z_]+\.[a-z_]+(?:\.v[2-9])?$/);
      expect(type.split('.')[1]).to.equal(catalogue.find((row) => row.type === stored)?.context);
      expect(publicType(type)?.stored).to.equal(stored);
    }
    expect(publicType('chancery.signing.nothing.happened')).to.equal(undefined);
    expect(publicType('toString')).to.equal(undefined);
  });

  it('say why, where a type stays inside', () => {
    const silent = Object.entries(integrationRows).filter(([, row]) => 'inside' in row);
    expect(silent.length).to.be.greaterThan(10);
    for (const [type, row] of silent) expect((row as { inside: string }).inside, type).to.match(/\w.*\.$/);
  });

  it('have schemas that are open, in snake case, and describe each member', () => {
    for (const { type, schema, summary } of publicTypes) {
      const text = JSON.stringify(schema);
      expect(text).not.to.contain('additionalProperties');
      expect([...text.matchAll(/"properties":\{"([^"]+)"/g)].every((found) => /^[a-z0-9_]+$/.test(found[1] as string)), type).to.equal(true);
      expect(undescribed(schema, type)).to.deep.equal([]);
      expect(summary).to.match(/\.$/);
    }
  });

  for (const { name, recorded } of events) {
    const event = integrationEvent(recorded);
    if (event === undefined) continue;
    it(`tells of ${name} what its schema says, and nothing else`, () => {
      const validate = ajv.compile(closed(publicType(event.type)?.schema as Schema));
      expect(validate(event.data), JSON.stringify(validate.errors)).to.equal(true);
      expect(event.subject).to.be.a('string').and.not.equal('');
    });
  }

  it('goes red where a map says what its schema does not', () => {
    const row = events.find(({ name }) => name === 'tenancy.MemberRemoved.v1');
    const validate = ajv.compile(closed(publicType('chancery.tenancy.member.removed')?.schema as Schema));
    expect(validate({ ...integrationEvent(row?.recorded as never)?.data, email: 'x' })).to.equal(false);
  });

  it('carry no address, no secret, no sealed box, and nobody\'s own words on why', () => {
    expect(leavesOf(integrationEvent).filter(isSecret)).to.deep.equal([]);
    expect(leavesOf((recorded) => recorded.data).filter(isSecret).length, 'the search finds what a careless map lets out').to.be.greaterThan(25);
  });

  it('carry of free text only what names things', () => {
    const named = leavesOf(integrationEvent).filter((leaf) => /(?:Name|[nN]ame|service|organization|slug|plan|features\[\]|allowedExtensions\[\]|permissions\[\]|timezone|kind)$/.test(leaf));
    expect([...new Set(named.map((leaf) => leaf.replace(/\.v\d+ /, ' ')))].toSorted()).to.deep.equal([
      'authorities.CertifiedKeyRequested request.commonName', 'authorities.CertifiedKeyRequested request.organization',
      'delivery.SiemSinkChanged name', 'delivery.SiemSinkChanged target.kind', 'delivery.SiemSinkCreated name', 'delivery.SiemSinkCreated target.kind',
      'keys.KmsDataSigned service', 'keys.KmsKeyCreated service', 'keys.KmsSignatureVerified service', 'licensing.LicenceGenerated features[]',
      'signing.ApprovalRequested by.kind', 'signing.ApprovalRequested fileName', 'signing.SigningOperationsExported by.kind',
      'signing.SigningPolicySet policy.allowedExtensions[]', 'signing.SigningPolicySet policy.signingHours.timezone', 'signing.SigningRefused by.kind',
      'signing.SigningRefused fileName', 'signing.SigningRequested by.kind', 'signing.SigningRequested fileName', 'signing.SigningResultReported by.kind',
      'tenancy.CredentialCreated kind', 'tenancy.CredentialCreated name', 'tenancy.CredentialCreated permissions[]', 'tenancy.PlanSet plan.plan',
      'tenancy.TenantAbandoned slug', 'tenancy.TenantCreated name', 'tenancy.TenantCreated slug',
    ]);
  });

  it('say nothing of what only a newer release knows', () => {
    for (const type of ['signing.FromTheFuture.v9', 'toString', '__proto__']) expect(integrationEvent(recordedAs({ context: 'signing' }, type, {}))).to.equal(undefined);
  });
});
