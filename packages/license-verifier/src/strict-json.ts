/** JSON that says one thing only: valid UTF-8, every member of an object once, an object at the top, little nesting. */

const MOST_NESTING = 8;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Adds a name to those of its object; false when it is there already, however it is escaped. */
const isNew = (names: Set<string> | undefined, name: string): boolean => {
  const known = names === undefined || names.has(name);
  names?.add(name);
  return !known;
};

const CLOSING = ['}', ']'];

/** Whether valid JSON names a member twice in one object, or nests deeper than anything of ours. */
const isAmbiguous = (text: string): boolean => {
  const open: Set<string>[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ':' && !isNew(open.at(-1), JSON.parse(last) as string)) return true;
    if (token === '{' || token === '[') open.push(new Set());
    if (CLOSING.includes(token)) open.pop();
    if (open.length > MOST_NESTING) return true;
    last = token;
  }
  return false;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** The members of a JSON object, by name; undefined for anything else. A `Map`, so that no name reaches a prototype. */
export const readJsonObject = (bytes: Uint8Array): ReadonlyMap<string, unknown> | undefined => {
  const text = decode(bytes);
  const value = text === undefined ? undefined : parse(text);
  if (text === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return isAmbiguous(text) ? undefined : new Map(Object.entries(value));
};
