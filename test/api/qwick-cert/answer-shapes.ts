/** Holds every JSON answer that a test gets to the schema which the OpenAPI document shows for it. */
import { expect } from 'chai';
import type { TSchema } from 'typebox';
import { createAjv } from '../../../api/kernel/validation.ts';
import type { Surface } from '../../../api/kernel/surface.ts';

export type Shown = Readonly<{ method: string; path: string; status: number; json: unknown }>;

/** Nothing that the schema does not name: an answer must not show more than is documented either. */
const closed = (schema: TSchema): TSchema => {
  const copy = JSON.parse(JSON.stringify(schema)) as TSchema;
  const close = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const shape = node as Record<string, unknown>;
    if (shape['type'] === 'object' && shape['additionalProperties'] === undefined) shape['additionalProperties'] = false;
    Object.values(shape).forEach(close);
  };
  close(copy);
  return copy;
};

/** Most of them no test asks for. */
const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

export const createAnswerShapes = (surface: Surface) => {
  const ajv = createAjv();
  const rows = surface.routes.map(({ method, path, replies }) => ({
    method,
    pattern: new RegExp(`^${surface.mount}${path.replaceAll(/:[^/]+/gu, '[^/]+').replaceAll('.', '\\.')}$`, 'u'),
    replies: new Map(
      Object.entries(replies).map(([status, { schema }]) => [Number(status), schema && once(() => ajv.compile(closed(surface.replySchema?.(schema) ?? schema)))]),
    ),
  }));
  const error = once(() => ajv.compile(closed(surface.errorSchema)));
  const validatorFor = ({ method, path, status }: Shown) => {
    if (status >= 400) return error;
    const row = rows.find((each) => each.method === method && each.pattern.test(path.split('?')[0] ?? ''));
    return row?.replies.get(status) ?? expect.fail(`${method} ${path} answers ${status}, which is not documented`);
  };
  return (shown: Shown): void => {
    const validate = validatorFor(shown)();
    expect(validate(shown.json), `${shown.method} ${shown.path}: ${JSON.stringify(validate.errors)}`).to.equal(true);
  };
};
