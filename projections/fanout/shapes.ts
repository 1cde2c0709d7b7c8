/** What public schemas are made of. They are open: a receiver that validates must not break when a member is added. */
import Type, { type TProperties, type TSchema } from 'typebox';

export const shape = <Properties extends TProperties>(properties: Properties, description?: string) =>
  Type.Object(properties, description === undefined ? {} : { description });

export const uuid = (description: string) => Type.String({ format: 'uuid', description });
export const text = (description: string) => Type.String({ description });
export const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339, UTC` });
export const hex = (description: string) => Type.String({ pattern: '^[0-9a-f]+$', description: `${description}; lower-case hex` });
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const flag = (description: string) => Type.Boolean({ description });
export const word = <Word extends string>(words: readonly Word[], description: string) => Type.Unsafe<Word>(Type.Enum([...words], { description }));
export const list = <Item extends TSchema>(item: Item, description: string) => Type.Array(item, { description });
export const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });

/** What let somebody in: a session of their own, or a credential that acts for them. */
export const signedBy = () => shape({ kind: word(['session', 'credential'], 'What let them in'), id: text('Which one') }, 'What the person came with');

/** Milliseconds since 1970, as certificates have them in events, as the public has all times. */
export const toInstant = (milliseconds: number): string => new Date(milliseconds).toISOString();
