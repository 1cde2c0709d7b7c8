/** Mail as it leaves a test's program: collected, or refused as the test says. */
import type { Mail, Mailer } from '../../application/kernel/mailer.ts';
import type { Tenancy } from './tenancy.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** What follows `?token=` in a mail. */
export const codeIn = ({ text }: Pick<Mail, 'text'>): string => /\?token=(\S+)/u.exec(text)?.[1] ?? '';

export const collectMail = ({ mails, ground: { embedded: { log } }, passwordResets }: Pick<Tenancy, 'mails' | 'ground' | 'passwordResets'>) => {
  const sent: Mail[] = [];
  const knobs = { before: (_mail: Mail): void => undefined };
  const mailer: Mailer = {
    send: async (mail) => {
      knobs.before(mail);
      sent.push(mail);
    },
  };
  const { reaction, dispatch, queue } = mails(mailer);

  /** The reaction up to the present end of the log. */
  const react = async (): Promise<void> => {
    const head = (await log.head()) ?? '';
    const stop = new AbortController();
    const running = reaction.run(stop.signal);
    let reached = '';
    while (reached < head) {
      await nextTurn();
      reached = (await reaction.position()) ?? '';
    }
    stop.abort();
    await running;
  };

  return {
    sent,
    knobs,
    queue,
    react,
    pass: () => dispatch.pass(AbortSignal.timeout(10_000)),
    /** Everything that is to go out goes out; answers what was sent by it. */
    deliver: async (): Promise<readonly Mail[]> => {
      const before = sent.length;
      await passwordResets.work(AbortSignal.timeout(10_000));
      await react();
      await dispatch.pass(AbortSignal.timeout(10_000));
      return sent.slice(before);
    },
  };
};

export type Post = ReturnType<typeof collectMail>;
