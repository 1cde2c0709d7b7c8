/** The port of mail: a server that takes it, or a directory that collects it. */

export type Mail = Readonly<{
  /** The same over all attempts: becomes the Message-ID, by which a repetition is known. */
  id: string;
  /** One address, checked. */
  to: string;
  /** Plain text, without line breaks. */
  subject: string;
  text: string;
  html: string;
}>;

export interface Mailer {
  /**
   * Resolves when somebody else answers for the mail. Rejects with `mail.refused` {status} when it will never be taken (RFC 5321: 5yz), with
   * `mail.unavailable` {status?} when it may be another time.
   */
  send(mail: Mail): Promise<void>;
}
