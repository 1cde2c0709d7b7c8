/** Which row of a route table a request is for: a look-up where the path has no parameters, else a walk over segments. */
import type { Method, Route } from './route.ts';

export type Params = Readonly<Record<string, string>>;
export type Found<Row> = Readonly<{ row: Row; params: Params }>;

type Rowed = Readonly<{ route: Pick<Route, 'method' | 'path'> }>;

const segments = (path: string): readonly string[] => path.split('/');
const isParameter = (segment: string | undefined): boolean => segment?.startsWith(':') ?? false;

/** Fixed segments come before parameters, whatever the order of the table: `/export` is never an `:id`. */
const bySpecificity = ({ route: one }: Rowed, { route: other }: Rowed): number => {
  const others = segments(other.path);
  for (const [index, segment] of segments(one.path).entries()) {
    const difference = Number(isParameter(segment)) - Number(isParameter(others[index]));
    if (difference !== 0) return difference;
  }
  return 0;
};

/** The parameters as they came; undefined where the path is another one. A parameter is never empty. */
const match = (pattern: readonly string[], parts: readonly string[]): readonly (readonly [string, string])[] | undefined => {
  if (pattern.length !== parts.length) return undefined;
  const found: (readonly [string, string])[] = [];
  for (const [index, segment] of pattern.entries()) {
    const part = parts[index] as string;
    if (!isParameter(segment)) {
      if (segment !== part) return undefined;
    } else if (part === '') return undefined;
    else found.push([segment.slice(1), part]);
  }
  return found;
};

const NONE: Params = {};

/**
 * Paths are matched as they are sent, case and slashes included. HEAD is answered by what answers GET. Throws a `URIError` when a parameter is
 * not valid percent-encoding.
 */
export const createRouteTable = <Row extends Rowed>(rows: readonly Row[]): ((method: string, path: string) => Found<Row> | undefined) => {
  const fixed = new Map<string, Found<Row>>();
  const others: Readonly<{ row: Row; pattern: readonly string[] }>[] = [];
  for (const row of rows.toSorted(bySpecificity)) {
    const pattern = segments(row.route.path);
    if (pattern.some(isParameter)) others.push({ row, pattern });
    else fixed.set(`${row.route.method} ${row.route.path}`, { row, params: NONE });
  }
  const walk = (method: Method, path: string): Found<Row> | undefined => {
    const parts = segments(path);
    for (const { row, pattern } of others) {
      const found = row.route.method === method ? match(pattern, parts) : undefined;
      if (found !== undefined) return { row, params: Object.fromEntries(found.map(([name, value]) => [name, decodeURIComponent(value)])) };
    }
    return undefined;
  };
  return (method, path) => {
    const asked = (method === 'HEAD' ? 'GET' : method) as Method;
    return fixed.get(`${asked} ${path}`) ?? walk(asked, path);
  };
};

/** Which methods a path knows; empty when there is no such path. */
export const createAllow = (routes: readonly Pick<Route, 'path' | 'method'>[]): ((path: string) => readonly string[]) => {
  const patterns = routes.map(({ path, method }) => ({ pattern: segments(path), method }));
  return (path) => {
    const parts = segments(path);
    const methods = new Set<string>(patterns.filter(({ pattern }) => match(pattern, parts) !== undefined).map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods].toSorted();
  };
};
