/** Schemas are what TypeBox would make of the same words, to the order of their members. */
import { expect } from 'chai';
import TypeBox from 'typebox';
import { Type } from '../../../application/kernel/schema.ts';

type Builders = typeof Type;

const SAMPLES: Readonly<Record<keyof Builders, (type: Builders) => readonly object[]>> = {
  Array: (type) => [type.Array(type.String()), type.Array(type.Integer(), { maxItems: 3, description: 'd' })],
  Boolean: (type) => [type.Boolean(), type.Boolean({ default: true })],
  Enum: (type) => [type.Enum(['a', 'b']), type.Enum(['a'], { description: 'd' })],
  Integer: (type) => [type.Integer(), type.Integer({ minimum: 0, default: 1 })],
  Literal: (type) => [type.Literal('a', { description: 'd' }), type.Literal(1), type.Literal(true)],
  Null: (type) => [type.Null(), type.Null({ description: 'd' })],
  Number: (type) => [type.Number(), type.Number({ minimum: 0.5 })],
  Object: (type) => [
    type.Object({}),
    type.Object({ a: type.String(), b: type.Optional(type.Object({ c: type.Integer() })) }, { description: 'd', additionalProperties: false }),
    type.Object({ a: type.Optional(type.String()) }),
    type.Object({ a: type.String() }, { required: [] }),
  ],
  Optional: (type) => {
    const needed = type.Union([type.String(), type.Null()], { default: null });
    // What is optional in one place is not so in another.
    return [type.Object({ a: type.Optional(needed), b: needed }), type.Object({ a: type.Optional(type.Optional(needed)) })];
  },
  Partial: (type) => [type.Partial(type.Object({ a: type.String(), b: type.Integer() }), { description: 'd' })],
  Record: (type) => [
    type.Record(type.String(), type.Integer(), { maxProperties: 3 }),
    type.Record(type.String({ pattern: '^a' }), type.Integer()),
    type.Record(type.Enum(['a', 'b']), type.Integer()),
    type.Partial(type.Record(type.Enum(['a', 'b']), type.String()), { description: 'd' }),
  ],
  String: (type) => [type.String(), type.String({ minLength: 1, format: 'uuid' })],
  Union: (type) => [type.Union([type.Literal('a'), type.Literal('b')]), type.Union([type.String(), type.Null()], { description: 'd' })],
  Unsafe: (type) => [type.Unsafe({ type: 'string', minLength: 1 })],
};

describe('schemas', () => {
  for (const [name, samples] of Object.entries(SAMPLES)) {
    it(`are TypeBox's: ${name}`, () => {
      expect(samples(Type).map((schema) => JSON.stringify(schema))).to.deep.equal(samples(TypeBox).map((schema) => JSON.stringify(schema)));
      expect(samples(Type).flatMap((schema) => Object.getOwnPropertyNames(schema)).some((member) => member.startsWith('~'))).to.equal(false);
    });
  }

  it('are all compared', () => expect(Object.keys(SAMPLES).sort()).to.deep.equal(Object.keys(Type).sort()));
});
