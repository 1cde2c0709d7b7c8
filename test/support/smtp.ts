/** A real SMTP server on loopback that takes mail, or does as badly as it is told. */
import { buffer } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerEnvelope, type SMTPServerOptions } from 'smtp-server';
import { closing } from './leavings.ts';

export type Taken = Readonly<{ from: string; to: readonly string[]; raw: string; email: Email }>;

/** As a server says it: a status and words of its own. */
export const smtpError = (responseCode: number, words = 'no'): Error => Object.assign(new Error(words), { responseCode });

const receive = async (stream: SMTPServerDataStream, { mailFrom, rcptTo }: SMTPServerEnvelope): Promise<Taken> => {
  const bytes = await buffer(stream);
  const from = mailFrom === false ? '' : mailFrom.address;
  return { from, to: rcptTo.map(({ address }) => address), raw: bytes.toString(), email: await PostalMime.parse(bytes) };
};

export const startSmtp = async (over: SMTPServerOptions = {}, wanted = 0) => {
  const taken: Taken[] = [];
  const take = async (stream: SMTPServerDataStream, envelope: SMTPServerEnvelope, done: () => void): Promise<void> => {
    taken.push(await receive(stream, envelope));
    done();
  };
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData: (stream, { envelope }, done) => void take(stream, envelope, done),
    ...over,
  });
  // Clients that hang up are what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => { server.listen(wanted, '127.0.0.1', resolve); });
  const { port } = server.server.address() as AddressInfo;
  return { taken, port, close: closing(() => new Promise<void>((resolve) => { server.close(resolve); })) };
};
