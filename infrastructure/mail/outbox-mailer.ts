/** Mail without a server: each one a file (RFC 5322, mode 0600) in a directory, there whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mailer } from '../../application/kernel/mailer.ts';
import { messageOf } from './message.ts';

export type OutboxSettings = Readonly<{ directory: string; /** The sender's address. */ from: string }>;

const writeThrough = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Directories cannot be synced on Windows, where a rename is journalled. */
const syncDirectory = async (path: string): Promise<void> => {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

export const createOutboxMailer = ({ directory, from }: OutboxSettings): Mailer => {
  return {
    send: async (mail) => {
      // Loaded with the first mail: a start sends none.
      const { createTransport } = await import('nodemailer');
      const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
      const { message } = await composer.sendMail(messageOf(mail, from));
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const aside = join(directory, `.${mail.id}.${randomBytes(6).toString('hex')}`);
      try {
        await writeThrough(aside, message as Buffer);
        // The id is a UUID (checked above): the same mail again is the same file.
        await rename(aside, join(directory, `${mail.id}.eml`));
        await syncDirectory(directory);
      } finally {
        await rm(aside, { force: true });
      }
    },
  };
};
