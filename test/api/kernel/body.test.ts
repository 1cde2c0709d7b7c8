/** Request bodies over HTTP: media types, sizes, encodings; and the published JSON texts through the whole pipeline. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import Type from 'typebox';
import { defineRoute, type Route } from '../../../api/kernel/route.ts';
import { ask, serve, testSurface, type Running, type TestPrincipal } from './support.ts';

const route: Route<TestPrincipal> = defineRoute({
  method: 'POST', path: '/any', operationId: 'any', summary: 's', permission: 'read', body: Type.Unknown(),
  replies: { 200: { description: 'ok' } }, handle: async ({ body }) => ({ status: 200, body: { got: body ?? null } }),
});
const LIMIT = 4_096;

/** Writes pieces as given and reads until the peer closes. */
const raw = (port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => { for (const piece of pieces) socket.write(piece); });
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => { text += piece; });
    socket.on('error', reject).on('close', () => resolve(text));
  });

const head = (...lines: readonly string[]): string =>
  ['POST /tiny/any HTTP/1.1', 'Host: localhost', 'Authorization: Bearer all', 'Connection: close', ...lines, '', ''].join('\r\n');

describe('kernel: bodies', () => {
  let running: Running;
  before(async () => { running = await serve([testSurface([route])], { maxBodyBytes: LIMIT }); });
  after(() => running.close());

  const post = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string>) => fetch(`${running.url}/tiny/any`, { method: 'POST', body, headers: { authorization: 'Bearer all', ...headers } });
  const statusOf = async (contentType: string): Promise<number> => (await post(Buffer.from('{}'), contentType === '' ? {} : { 'content-type': contentType })).status;

  it('takes application/json in UTF-8, however it is written, and nothing else', async () => {
    for (const type of ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"']) expect(await statusOf(type), type).to.equal(200);
    for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', 'application/json; charset=utf-16', 'application/jsonx', 'application/json, text/plain', 'application/vnd.api+json', 'multipart/form-data; boundary=x', 'application/json; a=b']) {
      expect(await statusOf(type), type).to.equal(415);
    }
  });

  it('takes two Authorization headers for none', async () => {
    const answer = await raw(running.port, head('Authorization: Bearer all', 'Content-Type: application/json', 'Content-Length: 2'), '{}');
    expect(answer).to.match(/^HTTP\/1\.1 401 /);
  });

  it('refuses encoded bodies', async () => {
    for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip']) {
      expect((await post('{}', { 'content-type': 'application/json', 'content-encoding': encoding })).status, encoding).to.equal(415);
    }
    expect((await post('{}', { 'content-type': 'application/json', 'content-encoding': 'identity' })).status).to.equal(200);
  });

  it('refuses by Content-Length before the body is sent, and gives no go-ahead', async () => {
    const answer = await raw(running.port, head('Content-Type: application/json', `Content-Length: ${LIMIT + 1}`, 'Expect: 100-continue'));
    expect(answer).to.match(/^HTTP\/1\.1 413 /);
  });

  it('gives the go-ahead for a body that is wanted', async () => {
    const answer = await raw(running.port, head('Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-continue'), '{}');
    expect(answer).to.match(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('refuses a chunked body at the limit, without waiting for its end', async () => {
    const chunk = `${(1_024).toString(16)}\r\n${' '.repeat(1_024)}\r\n`;
    const answer = await raw(running.port, head('Content-Type: application/json', 'Transfer-Encoding: chunked'), ...Array<string>(6).fill(chunk));
    expect(answer).to.match(/^HTTP\/1\.1 413 /);
    expect((await ask(running, 'POST', '/tiny/any', { body: JSON.stringify('x'.repeat(LIMIT - 2)) })).status).to.equal(200);
    expect((await ask(running, 'POST', '/tiny/any', { body: JSON.stringify('x'.repeat(LIMIT - 1)) })).status).to.equal(413);
  });

  it('answers an unauthenticated upload without reading all of it', async () => {
    const answer = await raw(running.port, 'POST /tiny/any HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n{');
    expect(answer).to.match(/^HTTP\/1\.1 401 /);
  });

  it('answers every text of the published suite with 200, 400 or 413', async () => {
    const folder = join(import.meta.dirname, '../../vectors/json-test-suite/test_parsing');
    const seen = new Map<number, number>();
    for (const name of readdirSync(folder)) {
      const { status } = await post(readFileSync(join(folder, name)), { 'content-type': 'application/json' });
      if (name.startsWith('n_') && name !== 'n_structure_no_data.json') expect(status, name).to.be.oneOf([400, 413]);
      seen.set(status, (seen.get(status) ?? 0) + 1);
    }
    expect([...seen.keys()].toSorted((one, other) => one - other)).to.deep.equal([200, 400, 413]);
  });
});
