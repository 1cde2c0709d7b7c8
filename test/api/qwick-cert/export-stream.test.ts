import { expect } from 'chai';
import type { ReadModel } from '../../../application/kernel/read-models.ts';
import type { ApiRequest, StreamReply } from '../../../api/kernel/route.ts';
import { signingOperationRoutes } from '../../../api/qwick-cert/routes/signing-operations.ts';
import type { OperationDocument } from '../../../projections/signing/operations.ts';
import { person, USER } from '../../support/signing.ts';

const document = (number: number): OperationDocument => ({
  id: String(number), actorUserId: USER, fileName: 'a.exe', fileSize: 1, fileHash: '', digestAlgorithm: 'sha256', status: 'completed', awaitsResult: false, source: 'api',
  clientChannel: null, clientVersion: null, batchId: null, signedAt: null, createdAt: '2026-03-09T14:23:42.100Z',
});

describe('export as a stream', () => {
  it('reads only what the client takes, asks once a piece for addresses, gives way after each, and lets go when the client does', async () => {
    let read = 0;
    let released = false;
    const asked: number[] = [];
    const endless = async function* stream(): AsyncIterable<OperationDocument> {
      try {
        for (;;) yield document((read += 1));
      } finally {
        released = true;
      }
    };
    const routes = signingOperationRoutes({
      reader: { open: async <Document>() => ({ stream: endless }) as unknown as ReadModel<Document>, serving: (definition) => definition },
      members: { addressBook: async () => async (ids) => { asked.push(ids.length); return new Map(); } },
      recordExport: async () => undefined,
    });
    const route = routes.find(({ operationId }) => operationId === 'exportSigningOperations') ?? expect.fail('there is no export');
    const request = { principal: person(), query: { organization_slug: 'acme-corp' }, cause: {}, signal: new AbortController().signal } as unknown as ApiRequest<never, never, never, never>;
    const { stream } = (await route.handle(request)) as StreamReply;

    const pieces: (string | Uint8Array)[] = [];
    const turns: number[] = [];
    let turn = 0;
    const count = (): void => {
      turn += 1;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    for await (const piece of stream) {
      pieces.push(piece);
      turns.push(turn);
      if (pieces.length === 4) break;
    }
    clearImmediate(next);
    expect(String(pieces[0])).to.match(/^id,file_name.*\r\n$/u);
    expect(pieces.slice(1).map((piece) => String(piece).split('\r\n').length - 1)).to.deep.equal([200, 200, 200]);
    expect(String(pieces[1]).split('\r\n')[0]).to.equal('1,a.exe,1,completed,api,,,2026-03-09T14:23:42.100Z');
    expect([read, asked, released]).to.deep.equal([600, [200, 200, 200], true]);
    expect([turns[2] ?? 0, turns[3] ?? 0], 'and lets everybody else run between two pieces').to.satisfy(([one, two]: readonly [number, number]) => one >= 1 && two > one);
  });
});
