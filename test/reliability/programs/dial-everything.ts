/**
 * Tries to call everywhere that must not be called, and one place that may be: `dial-everything.ts guarded|checked-once <allowed port>`.
 * `checked-once` is the planted fault: it looks at where a name leads when the URL is set, and not when it is dialled. It is let loose on this
 * machine's own addresses alone.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { createOutbound, type OutboundReply } from '../../../infrastructure/web/outbound.ts';
import type { Resolve } from '../../../infrastructure/web/resolve.ts';

const [mode, port] = process.argv.slice(2);
const vector = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../vectors/ssrf/${name}`, import.meta.url), 'utf8'));

const family = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
/** `n<index>.example.com` leads to the n-th address that must not be reached: alone, and the second time round. */
const blocked = (vector('addresses.json') as readonly Readonly<{ ip: string; block: boolean }>[]).filter(({ block }) => block).map(({ ip }) => ip);
const isOwn = (index: number): boolean => /^(?:127\.|::1$)/u.test(blocked[index] ?? '');
const seen = new Set<string>();
const leadsTo = (host: string): string => blocked[Number(/^[nr](\d+)\./u.exec(host)?.[1])] ?? '127.0.0.1';
const resolve: Resolve = async (host) => {
  const address = host.startsWith('r') && !seen.has(host) ? '1.1.1.1' : leadsTo(host);
  seen.add(host);
  return [{ address, family: family(address) }];
};

const guarded = createOutbound({ allow: [`127.0.0.1:${port}`], resolve });
const once = { method: 'GET', timeoutMs: 300, maxBytes: 100 } as const;

const checkedOnce = async (url: string): Promise<void> => {
  await new Promise<void>((done) => {
    const sent = request(url, { timeout: 300, lookup: callbackify(async (host: string) => [...(await resolve(host))]) as unknown as LookupFunction });
    sent.on('error', () => done()).on('timeout', () => sent.destroy()).on('response', () => done()).end();
  });
};

/** The look when the URL is set, which finds names that change their minds public. */
for (const index of blocked.keys()) await resolve(`r${index}.example.com`);

const call = async (url: string): Promise<OutboundReply | void> => (mode === 'guarded' ? guarded.request({ ...once, url }) : checkedOnce(url));

const bracketed = (ip: string): string => (family(ip) === 6 ? `[${ip}]` : ip);
const urls = [
  ...(mode === 'guarded' ? (vector('urls-must-not-be-dialled.json') as readonly string[]).flatMap((url) => [url, url.replace(/^http:/, 'https:')]) : []),
  ...(mode === 'guarded' ? blocked.map((ip) => `https://${bracketed(ip)}/`) : []),
  ...[...blocked.keys()].filter((index) => mode === 'guarded' || isOwn(index)).flatMap((index) => [`https://n${index}.example.com/`, `https://r${index}.example.com/`, `https://r${index}.example.com:8443/`]),
];
const reached = await Promise.allSettled(urls.map(call));
const allowed = await guarded.request({ ...once, timeoutMs: 5_000, url: `http://127.0.0.1:${port}/` });
process.stdout.write(JSON.stringify({ tried: urls.length, answered: reached.filter(({ status }) => status === 'fulfilled').length, allowed: allowed.status }));
process.exit(0);
