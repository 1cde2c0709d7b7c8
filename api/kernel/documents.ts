/**
 * The documents of a surface beside its routes: `openapi.json`, and two ways to read it (Swagger UI, ReDoc), from files of this
 * installation alone. Links are relative, so they hold under the mount and under a host of the surface's own.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { type Router } from 'express';
import { staying } from './delivery.ts';
import { asHandler, type Exchange } from './exchange.ts';
import { openApiDocument } from './openapi.ts';
import type { Pipeline } from './pipeline.ts';
import { jsonAnswer, type CompleteAnswer } from './reply.ts';
import type { Surface } from './surface.ts';

const require = createRequire(import.meta.url);
const SWAGGER = dirname(require.resolve('swagger-ui-dist/package.json'));
const REDOCLY = dirname(require.resolve('@redocly/cli/package.json'));

/** Served under `docs/` and `redoc/`. The ReDoc bundle is internal to its package, which is pinned; a test looks for it. */
const FILES = {
  'docs/swagger-ui.css': [SWAGGER, 'swagger-ui.css', 'text/css; charset=utf-8'],
  'docs/swagger-ui-bundle.js': [SWAGGER, 'swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  'docs/favicon-32x32.png': [SWAGGER, 'favicon-32x32.png', 'image/png'],
  'redoc/redoc.standalone.js': [REDOCLY, 'lib/chunks/redoc.standalone.js', 'text/javascript; charset=utf-8'],
} as const satisfies Readonly<Record<string, readonly [folder: string, file: string, contentType: string]>>;

/** Everything from here, styles also inline (both viewers write them), images also as data (a logo from elsewhere stays out). */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

const page = (title: string, head: string, body: string): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`;

const swaggerPage = ({ info }: Surface): string =>
  page(
    `${info.title}: Swagger UI`,
    '<link rel="stylesheet" href="docs/swagger-ui.css">\n<link rel="icon" type="image/png" href="docs/favicon-32x32.png">',
    '<div id="ui"></div>\n<script src="docs/swagger-ui-bundle.js"></script>\n<script src="docs/start.js"></script>',
  );

const redocPage = ({ info }: Surface): string =>
  page(`${info.title}: ReDoc`, '<link rel="icon" href="data:,">', '<div id="ui"></div>\n<script type="module" src="redoc/start.js"></script>');

const SWAGGER_START = `window.ui = SwaggerUIBundle({ url: 'openapi.json', domNode: document.getElementById('ui'), deepLinking: true, validatorUrl: null });\n`;
const REDOC_START = `import { init } from './redoc.standalone.js';\ninit(new URL('../openapi.json', import.meta.url).href, { disableTelemetry: true }, document.getElementById('ui'));\n`;

const CACHED = { 'Cache-Control': 'public, max-age=3600' };

const answer = (contentType: string, bytes: Buffer, headers: Readonly<Record<string, string>> = CACHED): CompleteAnswer => ({
  status: 200,
  headers: { 'Content-Type': contentType, ...headers },
  bytes,
});

const html = (text: string): CompleteAnswer =>
  answer('text/html; charset=utf-8', Buffer.from(text), { 'Content-Security-Policy': PAGE_POLICY, 'Cache-Control': 'no-cache' });
const script = (text: string): CompleteAnswer => answer('text/javascript; charset=utf-8', Buffer.from(text));

/** The pages' own links are relative, and hold without a slash at the end only. */
const onward = (location: string): CompleteAnswer => ({ status: 301, headers: { Location: location, ...CACHED }, bytes: Buffer.alloc(0) });

/** Read once for all surfaces; what cannot be read now (too many files are open) is tried again for the next who asks. */
export const createFiles = (read: (path: string) => Promise<Buffer>): ((path: string) => Promise<Buffer>) => {
  const files = new Map<string, Promise<Buffer>>();
  return (path) => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const reading = read(path);
    files.set(path, reading);
    reading.catch(() => files.delete(path));
    return reading;
  };
};

const fileBytes = createFiles((path) => (path.endsWith('.js') ? readFile(path, 'utf8').then(withoutOutside) : readFile(path)));

/** Pictures, icons and telemetry of ReDoc's makers. What is left are links that a reader may follow. */
const OUTSIDE = /https:\/\/(?:cdn\.redoc\.ly|cdn\.redocly\.com|otel\.cloud\.redocly\.com)\/[^"'`$\s]*/g;

const withoutOutside = (text: string): Buffer => Buffer.from(text.replaceAll(OUTSIDE, 'data:,'));

type Answering = (exchange: Exchange) => Promise<CompleteAnswer>;

/** Written once for each place where the surface is served: half a megabyte takes long enough to be felt by everybody else, and anybody may ask. */
const createOpenApi = (surface: Surface): Answering => {
  const written = new Map<string, CompleteAnswer>();
  return async ({ request: { baseUrl } }) => {
    const server = baseUrl === '' ? '/' : baseUrl;
    const document = written.get(server) ?? jsonAnswer(200, openApiDocument(surface, server), { 'Cache-Control': 'no-cache' });
    written.set(server, document);
    return document;
  };
};

const answers = (surface: Surface): ReadonlyMap<string, Answering> =>
  new Map<string, Answering>([
    ['/openapi.json', createOpenApi(surface)],
    ['/docs/', async () => onward('../docs')],
    ['/redoc/', async () => onward('../redoc')],
    ['/docs', async () => html(swaggerPage(surface))],
    ['/docs/start.js', async () => script(SWAGGER_START)],
    ['/redoc', async () => html(redocPage(surface))],
    ['/redoc/start.js', async () => script(REDOC_START)],
    ...Object.entries(FILES).map(([path, [folder, file, type]]): [string, Answering] => [
      `/${path}`,
      async () => answer(type, await fileBytes(join(folder, file))),
    ]),
  ]);

/** Where a surface has its documents: below the mount, and below a prefix of its own paths, where it names one. */
const prefixesOf = ({ documentsBelow }: Surface): readonly string[] => (documentsBelow === undefined ? [''] : ['', documentsBelow]);

/** Paths of the route table come first: a surface may serve any of these itself. */
export const createDocuments = (surface: Surface, pipeline: Pipeline): Router => {
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const [path, answering] of answers(surface)) {
    router.get(
      prefixesOf(surface).map((prefix) => prefix + path),
      asHandler(async (exchange) => {
        exchange.path = path;
        try {
          await pipeline.deliver(exchange, await answering(exchange), staying);
        } catch (error) {
          await pipeline.fail(exchange, error);
        }
      }),
    );
  }
  return router;
};

const PATHS: readonly string[] = ['/openapi.json', '/docs', '/docs/', '/docs/start.js', '/redoc', '/redoc/', '/redoc/start.js', ...Object.keys(FILES).map((path) => `/${path}`)];

/** What `createDocuments` serves, for the answer to other methods. */
export const documentPaths = (surface: Surface): readonly string[] => prefixesOf(surface).flatMap((prefix) => PATHS.map((path) => prefix + path));
