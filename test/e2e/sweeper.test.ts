/** The whole program ends by itself what nobody ends, and stops while at it. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { createCredential, createTenant, startApp, type App } from '../support/app.ts';

const START = Date.parse('2026-03-09T15:00:00.000Z');
const DAY = 86_400_000;

describe('the scheduler of the whole program', function suite() {
  this.timeout(30_000);
  const clock = { time: START, now: () => clock.time };
  let app: App;

  before(async () => {
    app = await startApp({ clock });
  });
  after(async () => app.close());

  it('abandons a signature that nobody reported on, without being asked, and after a restart', async () => {
    const tenant = await createTenant(app, 'acme');
    const { secret: token } = await createCredential(app, tenant);
    const digest = createHash('sha256').update('a').digest('base64');
    const body = { digest, algorithm: 'sha256', file_name: 'a.exe', file_size: 1, organization_slug: 'acme', await_result: true };
    const signed = (await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token, body })).json() as { data: { operation_id: string } };
    const status = async (): Promise<string> => {
      const answer = await app.ask('GET', `/qwick-cert/api/v1/signing-operations/${signed.data.operation_id}?organization_slug=acme`, { token });
      return (answer.json() as { data: { status: string } }).data.status;
    };
    expect(await status()).to.equal('signed');
    clock.time = START + DAY;
    await app.restart();
    for (let seen = await status(); seen !== 'abandoned'; seen = await status()) {
      expect(seen).to.equal('signed');
      clock.time += 1_000;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  });
});
