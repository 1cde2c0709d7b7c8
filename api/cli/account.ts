/** `chancery account totp enrol|confirm|disable` and `chancery session create` */
import { Command } from 'commander';
import { print, type Io } from './io.ts';
import { asPerson, openSession } from './person.ts';

type Options = Readonly<{ totp?: string; json?: boolean }>;
type CodeOptions = Options & Readonly<{ code: string }>;
type Proposed = Readonly<{ secret: string; otpauth_uri: string }>;
type Confirmed = Readonly<{ recovery_codes: readonly string[] }>;

const WHO = 'Who: CHANCERY_EMAIL, CHANCERY_PASSWORD and, for who belongs to several tenants, CHANCERY_TENANT.';

const enrol = async (io: Io, { totp, json }: Options): Promise<void> => {
  const proposed = await asPerson(io, totp, async (person) => (await person.call('POST', '/me/totp')) as Proposed);
  print(io, json, proposed, ({ secret, otpauth_uri: uri }) =>
    [`secret  ${secret}`, `uri     ${uri}`, 'Add it to an authenticator app, then: npx chancery account totp confirm --code CODE'].join('\n'),
  );
};

const confirm = async (io: Io, { totp, code, json }: CodeOptions): Promise<void> => {
  const confirmed = await asPerson(io, totp, async (person) => (await person.call('POST', '/me/totp/confirm', { code })) as Confirmed);
  print(io, json, confirmed, ({ recovery_codes: codes }) =>
    ['The second factor is in force. Recovery codes, shown once, each good once in place of a code:', ...codes.map((each) => `  ${each}`)].join('\n'),
  );
};

/** Signing in takes a code as well, and each is good once: two codes that follow one another, or a recovery code for one of them. */
const disable = async (io: Io, { totp, code, json }: CodeOptions): Promise<void> => {
  await asPerson(io, totp, async (person) => person.call('DELETE', '/me/totp', { code }));
  print(io, json, { enabled: false }, () => 'The second factor is given up.');
};

const totpCommand = (io: Io): Command => {
  const totp = new Command('totp').description(`set up or give up a second factor. ${WHO}`);
  totp
    .command('enrol')
    .description('ask for a secret for an authenticator app')
    .option('--json', 'machine-readable output')
    .action(async (options: Options) => enrol(io, options));
  totp
    .command('confirm')
    .description('put the second factor into force with a first code; prints the recovery codes')
    .requiredOption('--code <code>', 'six digits from the app')
    .option('--json', 'machine-readable output')
    .action(async (options: CodeOptions) => confirm(io, options));
  totp
    .command('disable')
    .description('give up the second factor')
    .requiredOption('--totp <code>', 'a code or a recovery code, to sign in with')
    .requiredOption('--code <code>', 'another one, to give it up with')
    .option('--json', 'machine-readable output')
    .action(async (options: CodeOptions) => disable(io, options));
  return totp;
};

export const accountCommand = (io: Io): Command => new Command('account').description('what people do with their own account').addCommand(totpCommand(io));

type SessionOptions = Options & Readonly<{ tokenOnly?: boolean }>;

export const sessionCommand = (io: Io): Command => {
  const session = new Command('session').description('sign in from scripts');
  session
    .command('create')
    .description(`sign in; prints the tokens. ${WHO}`)
    .option('--totp <code>', 'a code of the second factor (or CHANCERY_TOTP)')
    .option('--token-only', 'print the access token and nothing else')
    .option('--json', 'machine-readable output')
    .action(async ({ totp, tokenOnly, json }: SessionOptions) => {
      const made = await openSession(io, totp);
      if (tokenOnly === true) return io.out(made.access_token);
      return print(io, json, made, (each) =>
        [`tenant   ${each.tenant} (${each.role})`, `access   ${each.access_token}`, `refresh  ${each.refresh_token}`, `expires  in ${each.expires_in} s`].join('\n'),
      );
    });
  return session;
};
