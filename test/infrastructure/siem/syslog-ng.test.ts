/** CEF over syslog, judged by a syslog daemon of others: what it took is what was sent, over TCP and over TLS. */
import { expect } from 'chai';
import type { SinkRecord } from '../../../application/delivery/siem-ports.ts';
import { createSyslogTransport } from '../../../infrastructure/siem/cef-syslog.ts';
import { createOutbound } from '../../../infrastructure/web/outbound.ts';
import { requireTool } from '../../support/pending.ts';
import { rejection } from '../../support/rejections.ts';
import { someTenant } from '../../support/sample-events.ts';
import { prepareSyslog } from '../../support/syslog-ng.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const tenant = someTenant();
const record = (n: number): SinkRecord => ({
  id: `event-${n}`, type: 'SigningCompleted', tenant, time: '2026-03-10T14:00:00.123Z', position: String(n).padStart(20, '0'), severity: 4,
  body: `CEF:0|Chancery|Chancery|1|SigningCompleted|Grüße \\| signed|4|externalId=event-${n} msg=line\\nline \\= 10 é漢`,
});
const never = new AbortController().signal;

describe('CEF over syslog, to syslog-ng', function suite() {
  this.timeout(60_000);
  let directory: TemporaryDirectory;
  let daemon: Awaited<ReturnType<typeof prepareSyslog>>;

  before(async function prepare() {
    requireTool(this, 'syslog-ng', 'Debian package syslog-ng-core');
    requireTool(this, 'openssl', 'Debian package openssl');
    directory = temporaryDirectory();
    daemon = await prepareSyslog(directory.path);
    await daemon.start();
  });

  after(async () => {
    await daemon?.stop();
    directory?.remove();
  });

  const wayOver = (transport: 'tcp' | 'tls', trusted = true) => {
    const port = daemon.ports[transport];
    const outbound = createOutbound({ allow: [`127.0.0.1:${port}`], ...(trusted && { ca: daemon.certificate }) });
    return createSyslogTransport(outbound, 'chancery.example', { kind: 'cef-syslog', host: '127.0.0.1', port, transport });
  };

  for (const transport of ['tcp', 'tls'] as const) {
    it(`takes every message whole, in order, over ${transport}`, async () => {
      const way = wayOver(transport);
      const sent = Array.from({ length: 450 }, (_, index) => record(index + 1));
      for (let at = 0; at < sent.length; at += 150) await way.send(sent.slice(at, at + 150), never);
      const taken = await until('the messages', () => (daemon.taken(transport).length >= sent.length ? daemon.taken(transport) : undefined));
      expect(taken.map(({ text }) => text)).to.deep.equal(sent.map(({ body }) => body));
      expect(taken[0]).to.include({ priority: '108', program: 'chancery', id: 'SigningCompleted' });
      expect(Date.parse(taken[0]?.time ?? '')).to.equal(Date.parse('2026-03-10T14:00:00.123Z'));
    });
  }

  it('sends nothing to a receiver whose certificate nobody vouches for', async () => {
    const before = daemon.taken('tls').length;
    expect((await rejection(wayOver('tls', false).send([record(1)], never))).details).to.deep.equal({ reason: 'unreachable' });
    await wayOver('tls').send([record(2)], never);
    const taken = await until('the message after it', () => (daemon.taken('tls').length > before ? daemon.taken('tls') : undefined));
    expect(taken.slice(before).map(({ text }) => text)).to.deep.equal([record(2).body]);
  });

  it('is told when there is nobody to take it', async () => {
    await daemon.stop();
    expect((await rejection(wayOver('tcp').send([record(1)], never))).details).to.deep.equal({ reason: 'unreachable' });
  });
});
