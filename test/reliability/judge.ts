/** What is wrong with an answer: its status, its shape, what it lets slip. */
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { openApiDocument, openApiPath } from '../../api/kernel/openapi.ts';
import type { Route } from '../../api/kernel/route.ts';
import type { Surface } from '../../api/kernel/surface.ts';
import type { Answered } from './world.ts';

export type Fault = Readonly<{ kind: 'status' | 'server error' | 'shape' | 'leak' | 'headers'; what: string }>;
export type Judge = (route: Route, answer: Answered) => readonly Fault[];

/** Traces of the inside: stacks, files, statements, engines. */
const LEAKS: readonly RegExp[] = [
  /\bat (?:async )?[\w.<>]+ \(/, /node_modules|node:internal|file:\/\/|\.ts:\d+/, /\b(?:SELECT|INSERT INTO|UPDATE) [\w*", ]+ (?:FROM|VALUES|SET)\b/, /sqlite|SQLITE_|errcode/i, /\b(?:Type|Reference|Syntax|Range)Error\b/, /\b(?:ajv|typebox)\b|instancePath|schemaPath/i,
];

type Media = Readonly<{ schema?: object }>;
type Responses = Readonly<Record<string, Readonly<{ content?: Readonly<Record<string, Media>> }>>>;

/** Any path may turn out not to be one, and any method not to be known there. */
const EVERYWHERE: readonly number[] = [400, 404, 405];

const createShapes = (surface: Surface) => {
  const ajv = new Ajv2020({ strict: false });
  ajvFormats.default(ajv);
  const compiled = new Map<string, ValidateFunction>();
  const error = ajv.compile(surface.errorSchema);
  const paths = openApiDocument(surface).paths;
  const responses = (route: Route): Responses => (paths[openApiPath(route.path)]?.[route.method.toLowerCase()] as { responses?: Responses } | undefined)?.responses ?? {};
  const success = (route: Route, status: number): ValidateFunction | undefined => {
    const key = `${route.operationId} ${status}`;
    const schema = Object.values(responses(route)[status]?.content ?? {})[0]?.schema;
    if (!compiled.has(key) && schema !== undefined) compiled.set(key, ajv.compile(schema));
    return compiled.get(key);
  };
  return { error, success, statuses: (route: Route): readonly number[] => Object.keys(responses(route)).map(Number) };
};

const parse = ({ headers, text }: Answered): unknown => {
  if (!String(headers['content-type'] ?? '').includes('json')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const misfit = (validate: ValidateFunction | undefined, body: unknown): string | undefined => {
  if (validate === undefined || validate(body)) return undefined;
  const [first] = validate.errors ?? [];
  return `${first?.instancePath} ${first?.message}`;
};

export const createJudge = (surface: Surface): Judge => {
  const shapes = createShapes(surface);
  const shapeFault = (route: Route, answer: Answered): string | undefined => {
    const body = parse(answer);
    if (answer.status >= 400) return misfit(shapes.error, body);
    return body === undefined ? undefined : misfit(shapes.success(route, answer.status), body);
  };
  return (route, answer) => {
    const { status, headers, text } = answer;
    const documented = [...shapes.statuses(route), ...EVERYWHERE].includes(status);
    const found: Readonly<Record<Fault['kind'], string | undefined>> = {
      'server error': status >= 500 ? String(status) : undefined,
      status: documented ? undefined : `${status} is not documented`,
      shape: shapeFault(route, answer),
      leak: status >= 400 ? LEAKS.find((pattern) => pattern.test(text))?.source : undefined,
      headers: headers['x-request-id'] !== undefined && headers['x-content-type-options'] === 'nosniff' ? undefined : 'lacks X-Request-ID or nosniff',
    };
    return Object.entries(found).flatMap(([kind, what]) => (what === undefined ? [] : [{ kind: kind as Fault['kind'], what }]));
  };
};
