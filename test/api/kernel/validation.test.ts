/** Schemas to fields: every fault named, nothing unknown let through. */
import { expect } from 'chai';
import Type, { type TSchema } from 'typebox';
import { parseQuery } from '../../../api/kernel/query.ts';
import { compileValidator, createAjv } from '../../../api/kernel/validation.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';

const ajv = createAjv();
const Order = Type.Object({
  name: Type.String({ minLength: 1 }),
  count: Type.Optional(Type.Integer({ minimum: 1, default: 3 })),
  kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
  mode: Type.Optional(Type.Enum(['x', 'y'])),
  id: Type.Optional(Type.String({ format: 'uuid' })),
  nested: Type.Optional(Type.Object({ list: Type.Array(Type.Object({ at: Type.Integer() }), { maxItems: 10 }) })),
  free: Type.Optional(Type.Record(Type.String(), Type.String())),
});
const validate = compileValidator(ajv, Order, 'body');

const within = (schema: TSchema) => () => compileValidator(ajv, Type.Object({ a: Type.Optional(Type.Object({ b: schema })) }), 'body');

describe('validation', () => {
  it('names every bad field by its dotted path, in one go', () => {
    const errors = validate({ count: 0, kind: 'c', mode: 'z', id: 'no', nested: { list: [{ at: 1 }, { at: 'x' }, {}] } });
    expect(errors).to.deep.equal({
      name: 'is required',
      count: 'must be >= 1',
      kind: 'must be one of a, b',
      mode: 'must be one of x, y',
      id: 'must be a valid uuid',
      'nested.list.1.at': 'must be integer',
      'nested.list.2.at': 'is required',
    });
  });

  it('says in words what a pattern asks for, and never shows the expression', () => {
    const patterns = compileValidator(ajv, Type.Object({
      id: Type.String({ pattern: '^[0-9a-f]{8}$', 'x-expected': 'eight hex digits' }),
      other: Type.String({ pattern: '^a+$', description: 'One or more times a' }),
      bare: Type.String({ pattern: '^b+$' }),
    }), 'body');
    expect(patterns({ id: 'x', other: 'x', bare: 'x' })).to.deep.equal({
      id: 'must be eight hex digits', other: 'does not have the form of: One or more times a', bare: 'does not have the form that is asked for',
    });
  });

  it('says of what may be null only what is wrong with the rest of it', () => {
    const optional = compileValidator(ajv, Type.Object({ price: Type.Union([Type.Object({ amount: Type.Integer() }), Type.Null()]), none: Type.Optional(Type.Null()) }), 'body');
    expect(optional({ price: null })).to.equal(undefined);
    expect(optional({ price: { amount: 'x' } })).to.deep.equal({ 'price.amount': 'must be integer' });
    expect(optional({ price: 5 })).to.deep.equal({ price: 'must be object' });
    expect(optional({ price: null, none: 1 })).to.deep.equal({ none: 'must be null' });
  });

  it('says body when the whole is wrong', () => {
    for (const value of [null, [], 1, 'x']) expect(validate(value)).to.deep.equal({ body: 'must be object' });
  });

  it('takes out unknown members at every depth, keeps maps, fills in defaults, coerces nothing', () => {
    const value = { name: 'n', extra: 1, nested: { list: [{ at: 1, more: 2 }], y: 1 }, free: { any: 'thing' } };
    expect(validate(value)).to.equal(undefined);
    expect(value).to.deep.equal({ name: 'n', count: 3, nested: { list: [{ at: 1 }] }, free: { any: 'thing' } });
    expect(validate({ name: 5 })).to.deep.equal({ name: 'must be string' });
  });

  it('refuses unknown members where the schema says so', () => {
    const closed = compileValidator(ajv, Type.Object({ a: Type.Optional(Type.Integer()) }, { additionalProperties: false }), 'body');
    expect(closed({ b: 1 })).to.deep.equal({ b: 'is not known' });
  });

  it('bounds how much it says', () => {
    const list = compileValidator(ajv, Type.Array(Type.Integer(), { maxItems: 10 }), 'body');
    expect(Object.keys(list(Array(10_000).fill('x')) ?? {})).to.have.length(50);
  });

  it('refuses a schema with a mistake in it, with the first value', () => {
    expect(() => compileValidator(ajv, { type: 'object', propertys: {} }, 'body')({})).to.throw(/propertys/);
  });

  it('stops at the start on a list without an end, or one whose items would be compared each with each', () => {
    expect(within(Type.Array(Type.String()))).to.throw('body.a.b: an array needs maxItems');
    expect(within(Type.Union([Type.Null(), Type.Array(Type.String())]))).to.throw('an array needs maxItems');
    expect(within(Type.Array(Type.Array(Type.String()), { maxItems: 2 }))).to.throw('an array needs maxItems');
    for (const item of [Type.Enum(['a', 'b']), Type.Object({}), Type.Unknown()]) {
      expect(within(Type.Array(item, { maxItems: 2, uniqueItems: true }))).to.throw('uniqueItems needs items of one scalar type');
    }
    expect(within(Type.Array(Type.String(), { maxItems: 2, uniqueItems: true }))).not.to.throw();
  });
});

describe('query strings', () => {
  const schema = Type.Object({ page: Type.Integer(), ratio: Type.Number(), on: Type.Boolean(), text: Type.String(), tag: Type.Array(Type.String()) });
  const fieldsOf = (search: string): unknown => {
    try {
      return parseQuery(search, schema);
    } catch (error) {
      return error instanceof Rejection ? error.details['fields'] : error;
    }
  };

  it('coerces by declared type only', () => {
    expect(parseQuery('page=12&ratio=-1.5&on=true&text=7&other=8', schema)).to.deep.equal({ page: 12, ratio: -1.5, on: true, text: '7', other: '8' });
  });

  it('leaves what is no number for the validator to name', () => {
    for (const text of ['', 'abc', '1e3', '0x10', '+5', ' 1', '1_000', '01', 'NaN', 'Infinity', '١']) {
      expect(parseQuery(`page=${encodeURIComponent(text)}`, schema), text).to.deep.equal({ page: text });
    }
    expect(parseQuery('on=1', schema)).to.deep.equal({ on: '1' });
  });

  it('refuses a name given twice, known or not, and gathers declared arrays', () => {
    expect(fieldsOf('page=1&page=2')).to.deep.equal({ page: 'must be given once' });
    expect(fieldsOf('x=1&%78=2')).to.deep.equal({ x: 'must be given once' });
    expect(fieldsOf('tag=a&tag=b')).to.deep.equal({ tag: ['a', 'b'] });
  });

  it('decodes as forms do, and refuses what is not percent-encoding', () => {
    expect(parseQuery('text=a+b%2Bc%20d&&flag', schema)).to.deep.equal({ text: 'a b+c d', flag: '' });
    for (const bad of ['text=%', 'text=%zz', '%ff=1', 'text=%C0%80']) expect(fieldsOf(bad), bad).to.deep.equal({ query: 'is not valid percent-encoding' });
  });

  it('takes names that mean something to objects as plain names', () => {
    const query = parseQuery('__proto__=1&constructor=2&toString=3', schema);
    expect(Object.keys(query)).to.deep.equal(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['1']).to.equal(undefined);
  });
});
