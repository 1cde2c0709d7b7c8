import { readFileSync } from 'node:fs';

/** The stored example of an event of tenancy. */
export const sourceFixture = (type: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`fixtures/tenancy.${type}.v1.json`, import.meta.url), 'utf8')) as Record<string, unknown>;
