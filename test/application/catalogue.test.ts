/** The storage contract: every version ever stored has a fixture, and still reads as the newest one. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import { root } from '../support/source-files.ts';

const FIXTURES = join(root, 'test/support/fixtures');
const EVENT_FIXTURE = /^([a-z]+\.[A-Z][A-Za-z0-9]+\.v\d+)\.json$/;

const fixtures = readdirSync(FIXTURES).flatMap((file) => EVENT_FIXTURE.exec(file)?.[1] ?? []);
const codec = createEventCodec(catalogue);
const ajv = new Ajv2020({ strict: true });

const dataOf = (name: string): string => readFileSync(join(FIXTURES, `${name}.json`), 'utf8');

describe('the event catalogue', () => {
  it('has one fixture for every version ever stored, and no other', () => {
    const stored = codec.storedNames(codec.types);
    expect(stored.length).to.be.greaterThan(10);
    expect([...fixtures].sort()).to.deep.equal([...stored].sort());
  });

  for (const row of catalogue) {
    for (const [index, schema] of row.schemas.entries()) {
      const name = `${row.context}.${row.type}.v${index + 1}`;
      it(`reads ${name}`, () => {
        const validate = ajv.compile(schema);
        expect(validate(JSON.parse(dataOf(name))), JSON.stringify(validate.errors)).to.equal(true);
        const event = codec.decode({ type: name, data: dataOf(name) });
        expect(event.type).to.equal(row.type);
        expect(() => codec.encode(event), 'fits the newest schema').not.to.throw();
      });
    }
  }

  it('refuses to store what does not fit, and what it does not know', () => {
    expect(() => codec.encode({ type: 'LogOriginFixed', data: { origin: 7 } })).to.throw(/does not fit its schema/);
    expect(() => codec.encode({ type: 'NeverHeardOf', data: {} })).to.throw(/not in the event catalogue/);
  });

  it('passes on a type that a newer release has written', () => {
    expect(codec.decode({ type: 'signing.FromTheFuture.v9', data: '{"a":1}' })).to.deep.equal({ type: 'signing.FromTheFuture.v9', data: { a: 1 } });
  });
});
