/**
 * Runs the verifier in headless Chromium: its sources with the types stripped, @noble from node_modules by an import map, under a policy
 * that allows neither eval nor anything from elsewhere. The page gets all that it needs at once and asks for nothing more.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { root } from '../../support/source-files.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const CHROMIUM = 'chromium-headless-shell';

/** What happens in the page, in order; times in milliseconds since 1970. */
export type Scenario = Readonly<{
  keys: object;
  audience: string;
  steps: readonly (
    | Readonly<{ do: 'verify'; at: number; license: string; asked?: object }>
    | Readonly<{ do: 'sync'; bundle: string }>
    /** Another page, on the same storage. */
    | Readonly<{ do: 'restart' }>
  )[];
}>;

export type PageReport = Readonly<{
  /** The reason of each `verify` and `sync`. */
  reasons: readonly string[];
  /** Whether the browser's own WebCrypto knows ML-DSA-65. */
  mlDsa: boolean;
  /** What the page fetched, other than its own modules. */
  asked: readonly string[];
}>;

const NONCE = 'dGVzdA';
const POLICY = `default-src 'none'; script-src 'self' 'nonce-${NONCE}'; connect-src 'self'`;
const IMPORTS = Object.fromEntries(['post-quantum', 'curves', 'hashes'].map((name) => [`@noble/${name}/`, `/node_modules/@noble/${name}/`]));

const inline = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

const page = (scenario: Scenario): string => `<!doctype html><title>license verifier</title>
<script nonce="${NONCE}" type="importmap">${inline({ imports: IMPORTS })}</script>
<script nonce="${NONCE}" type="module">
import { createLicenseVerifier } from '/packages/license-verifier/src/index.ts';
const scenario = ${inline(scenario)};
const report = (body) => fetch('/report', { method: 'POST', body: JSON.stringify(body) });
try {
  const storage = { get: (name) => localStorage.getItem(name), set: (name, text) => localStorage.setItem(name, text) };
  let now = 0;
  const open = () => createLicenseVerifier({ keys: scenario.keys, audience: scenario.audience, storage, clock: () => now });
  let verifier = open();
  const reasons = [];
  for (const step of scenario.steps) {
    if (step.do === 'restart') verifier = open();
    else if (step.do === 'sync') reasons.push((await verifier.sync(step.bundle)).reason);
    else { now = step.at; reasons.push((await verifier.verify(step.license, step.asked ?? {})).reason); }
  }
  const mlDsa = await crypto.subtle.generateKey({ name: 'ML-DSA-65' }, false, ['sign', 'verify']).then(() => true, () => false);
  await report({ reasons, mlDsa });
} catch (error) {
  await report({ failure: String(error?.stack ?? error) });
}
</script>`;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
};

/** A module's own text: below \`packages\` or \`node_modules/@noble\`, JavaScript or what is left of TypeScript without its types. */
const moduleAt = (path: string): string | undefined => {
  const file = normalize(path);
  if (!/^\/(?:packages|node_modules\/@noble)\/[\w./-]+\.(?:ts|js)$/.test(file)) return undefined;
  const text = readFileSync(join(root, file), 'utf8');
  return extname(file) === '.ts' ? stripTypeScriptTypes(text) : text;
};

type Told = Readonly<{ reasons: readonly string[]; mlDsa: boolean; failure?: string }>;

const serve = (scenario: Scenario, asked: string[], tell: (told: Told) => void): RequestListener => (request, response) => {
  const path = request.url ?? '';
  const module = moduleAt(path);
  if (path === '/report') {
    void bodyOf(request).then((body) => tell(JSON.parse(body) as Told));
    response.end();
  } else if (module !== undefined) {
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(module);
  } else if (path === '/') {
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': POLICY }).end(page(scenario));
  } else {
    if (path !== '/favicon.ico') asked.push(path);
    response.writeHead(404).end();
  }
};

const TIMEOUT_MS = 15_000;

/** The command is a script that starts the browser, which starts more: a group of their own, ended together. */
const endGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
};

/** Rejects with what the page or the browser said when it did not come to an end. */
export const runInChromium = async (scenario: Scenario): Promise<PageReport> => {
  const asked: string[] = [];
  const { promise: told, resolve: tell } = Promise.withResolvers<Told>();
  const server = createServer(serve(scenario, asked, tell)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = temporaryDirectory();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${profile.path}`, url];
  const browser = spawn(CHROMIUM, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  browser.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const gone = once(browser, 'close');
  const end = (): void => endGroup(browser);
  const limit = setTimeout(end, TIMEOUT_MS);
  try {
    const report = await Promise.race([told, gone.then((): Told => ({ reasons: [], mlDsa: false, failure: `the browser ended: ${said}` }))]);
    if (report.failure !== undefined) throw new Error(report.failure);
    return { reasons: report.reasons, mlDsa: report.mlDsa, asked };
  } finally {
    clearTimeout(limit);
    end();
    await gone;
    server.closeAllConnections();
    server.close();
    profile.remove();
  }
};
