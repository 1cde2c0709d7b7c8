/** The verifier in a browser, as it is in Node.js: a licence that was sold is accepted offline, and refused once its revocation is synced. */
import { expect } from 'chai';
import { requireTool } from '../../support/pending.ts';
import { CHROMIUM, runInChromium } from './browser.ts';
import { ALGORITHMS, at, AUDIENCE, bundle, CUSTOMER, DAY, keySet, LICENSE_KEY, license, makeKey, sha256, SOLD } from './vendor.ts';

const keys = ALGORITHMS.map((algorithm) => makeKey(algorithm));
const now = (SOLD + DAY) * 1_000;

describe('license verifier: in Chromium', () => {
  before(function needed() {
    requireTool(this, CHROMIUM, `Debian package ${CHROMIUM}`);
  });

  for (const key of keys) {
    it(`${key.algorithm}: accepts, refuses what is tampered with, applies a revocation, and keeps it over a restart`, async () => {
      const token = license(key);
      const { reasons, asked, mlDsa } = await runInChromium({
        keys: keySet(...keys),
        audience: AUDIENCE,
        steps: [
          { do: 'verify', at: now, license: token, asked: { endCustomerId: CUSTOMER, licenseKey: LICENSE_KEY, feature: 'premium' } },
          { do: 'verify', at: now, license: `${token.slice(0, -20)}${token.at(-20) === 'A' ? 'B' : 'A'}${token.slice(-19)}` },
          { do: 'sync', bundle: bundle(key, { from: at(5), to: at(6) }) },
          { do: 'sync', bundle: bundle(key, { revoked: [sha256(LICENSE_KEY)] }) },
          { do: 'verify', at: now, license: token },
          { do: 'restart' },
          { do: 'verify', at: now, license: token },
          { do: 'verify', at: now - 2 * DAY * 1_000, license: license(key, { lic: 'QCOS-0' }) },
        ],
      });
      expect(reasons).to.deep.equal(['valid', 'bad_signature', 'bundle_gap', 'applied', 'revoked', 'revoked', 'clock_rolled_back']);
      expect(asked).to.deep.equal([]);
      expect(mlDsa).to.be.a('boolean');
    });
  }
});
