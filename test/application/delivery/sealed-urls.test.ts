/** URLs of receivers: sealed once, opened where they belong, and read as they were before they were sealed. */
import { expect } from 'chai';
import { openUrl, sealText, sealUrl } from '../../../application/delivery/sealed-urls.ts';
import { createPretendSecrets, TENANT } from '../../api/kernel/support.ts';

const URL_ = 'https://hooks.example.com/secret';
const place = { tenant: TENANT, place: 'somewhere#url' };

describe('sealed URLs', () => {
  const secrets = createPretendSecrets();

  it('open where they were sealed', async () => {
    const sealed = await sealUrl(secrets, place, URL_);
    expect(JSON.stringify(sealed)).not.to.contain('hooks.example.com');
    expect(await openUrl(secrets, place, sealed)).to.equal(URL_);
  });

  it('stay in the box that holds them already, and in no other', async () => {
    const known = { ...(await sealUrl(secrets, place, URL_)) };
    expect(await sealUrl(secrets, place, URL_, known)).to.equal(known);
    expect(await sealUrl(secrets, place, `${URL_}/2`, known)).not.to.deep.equal(known);
    expect(await sealText(secrets, place, 'x', null)).to.have.property('box');
  });

  it('are read in the clear as they were recorded once, and sealed when they are said again', async () => {
    expect(await openUrl(secrets, place, { clear: URL_ })).to.equal(URL_);
    expect(await sealUrl(secrets, place, URL_, { clear: URL_ })).to.have.property('box');
  });
});
