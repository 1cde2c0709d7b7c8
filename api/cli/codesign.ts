/** `chancery codesign FILE --org SLUG --out FILE` and `chancery codesign --sample FILE` */
import { randomBytes } from 'node:crypto';
import { copyFile, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Command } from 'commander';
import type { TrustedRoots, VerifiedAuthenticode } from '../../infrastructure/pki/authenticode-verify.ts';
import { fileSource } from '../../infrastructure/pki/byte-source.ts';
import { DerError } from '../../infrastructure/pki/der.ts';
import { peDigest } from '../../infrastructure/pki/pe-digest.ts';
import { PeFault, readPe } from '../../infrastructure/pki/pe-file.ts';
import { samplePe } from '../../infrastructure/pki/pe-sample.ts';
import { embedSignature } from '../../infrastructure/pki/pe-signature.ts';
import { verifyPe } from '../../infrastructure/pki/pe-verify.ts';
import { SignatureFault } from '../../infrastructure/pki/signed-data-verify.ts';
import { createSigningService, readRoots, type SigningService, type SignReply } from './codesign-client.ts';
import { CommandFailure, EXIT, print, progress, type Io } from './io.ts';
import { version } from './version.ts';

type Options = Readonly<{
  sample?: boolean;
  org?: string;
  out?: string;
  replace?: boolean;
  reason?: string;
  batch?: string;
  root?: string;
  tsaRoot?: string;
  json?: boolean;
}>;

type Job = Readonly<{ file: string; org: string; out: string; options: Options }>;

/** Files that Windows signs through other subject interface packages. */
const NOT_PE: Readonly<Record<string, string>> = Object.fromEntries([
  ...['.msi', '.msp', '.mst'].map((extension) => [extension, 'a Windows Installer file']),
  ...['.ps1', '.psm1', '.psd1', '.ps1xml', '.psc1', '.cdxml', '.mof'].map((extension) => [extension, 'a PowerShell file']),
  ...['.cab'].map((extension) => [extension, 'a cabinet']),
]) as Readonly<Record<string, string>>;

/** Faults of files and signatures end the command with their one line. */
const explained = async <T>(file: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const expected = error instanceof PeFault || error instanceof DerError || error instanceof SignatureFault || isSystemError(error);
    throw expected ? new CommandFailure(`${file}: ${error.message}`) : error;
  }
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

const checkKind = (file: string): void => {
  const kind = NOT_PE[extname(file).toLowerCase()];
  if (kind === undefined) return;
  throw new CommandFailure(
    `${file} is ${kind}: this command embeds signatures in PE files (exe, dll, sys, …) only; ask POST /sign-digest for the signature and attach it with a tool that knows the format`,
  );
};

const hashFile = async ({ file, options }: Job): Promise<Readonly<{ digest: Buffer; size: number }>> => {
  // Before it is opened: opening a pipe waits for somebody to write into it.
  if (!(await stat(file)).isFile()) throw new CommandFailure(`${file} is no regular file`);
  await using handle = await open(file, 'r');
  const source = await fileSource(handle);
  const layout = await readPe(source);
  if (layout.certificateSize > 0 && options.replace !== true) {
    throw new CommandFailure(`${file} is signed already: --replace puts the new signature in place of the old one`);
  }
  return { digest: await peDigest(source, layout), size: layout.size };
};

const given = async (file: string): Promise<TrustedRoots['roots']> => readRoots(await readFile(file, 'utf8'), file);

const trustedRoots = async (service: SigningService, { root, tsaRoot }: Options): Promise<TrustedRoots> => {
  const roots = root === undefined ? await service.root() : await given(root);
  return { roots, timestampRoots: tsaRoot === undefined ? roots : [...roots, ...(await given(tsaRoot))] };
};

/**
 * A copy of the file beside `out`, made before a signature is asked for: where it cannot be written nothing is signed in vain. It is
 * gone in the end, unless it has taken the place of `out`.
 */
const withDraft = async ({ file, out }: Job, work: (draft: string) => Promise<void>): Promise<void> => {
  const draft = `${out}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await explained(out, async () => {
      if (await isDirectory(out)) throw new CommandFailure(`${out} is a directory`);
      await copyFile(file, draft);
      await (await open(draft, 'r+')).close();
    });
    await work(draft);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
};

const isDirectory = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isDirectory() ?? false;

const embedAndVerify = async (draft: string, signature: Buffer, trusted: TrustedRoots): Promise<VerifiedAuthenticode> => {
  await using handle = await open(draft, 'r+');
  await embedSignature(handle, signature);
  const verified = await verifyPe(await fileSource(handle), trusted);
  await handle.sync();
  return verified;
};

type Hashed = Awaited<ReturnType<typeof hashFile>>;

const askFor = async (service: SigningService, { file, org, options }: Job, { digest, size }: Hashed): Promise<SignReply> =>
  service.sign({
    digest, fileName: basename(file), fileSize: size, organization: org, version: version(),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.batch === undefined ? {} : { batchId: options.batch }),
  });

type Result = Readonly<{ reply: SignReply; verified: VerifiedAuthenticode }>;

const show = (io: Io, { out, options }: Pick<Job, 'out' | 'options'>, { digest }: Hashed, { reply, verified: { signer } }: Result): void => {
  const shown = {
    file: out,
    operation_id: reply.operationId,
    digest: digest.toString('base64'),
    signer: signer.subject.replaceAll('\n', ', '),
    certificate_serial: signer.serialNumber.toLowerCase(),
    timestamp: reply.timestamp,
    verified: true,
  };
  print(io, options.json, shown, () =>
    [`signed    ${out}`, `by        ${shown.signer}`, `timestamp ${shown.timestamp}`, `operation ${shown.operation_id}`, 'verified  digest, signature, timestamp, certificate chain'].join('\n'),
  );
};

/** `out` is there only when it has been verified and is on the disk. */
const signFile = async (io: Io, job: Job): Promise<void> => {
  const { file, out, options } = job;
  checkKind(file);
  const service = createSigningService(io);
  const line = progress(io);
  line.show(`hashing ${file}`);
  const hashed = await explained(file, async () => hashFile(job));
  await withDraft(job, async (draft) => {
    const trusted = await explained(out, async () => trustedRoots(service, options));
    line.show('asking for the signature');
    const reply = await askFor(service, job, hashed);
    line.show('embedding and verifying');
    const verified = await explained(out, async () => embedAndVerify(draft, reply.signature, trusted));
    await explained(out, async () => rename(draft, out));
    line.done();
    show(io, { out, options }, hashed, { reply, verified });
  });
};

const isThere = (error: unknown): boolean => isSystemError(error) && error.code === 'EEXIST';

const writeSample = async (io: Io, file: string, json: boolean | undefined): Promise<void> => {
  const program = await samplePe();
  await explained(file, async () => {
    try {
      await writeFile(file, program, { flag: 'wx' });
    } catch (error) {
      if (!isThere(error) || (await isDirectory(file))) throw error;
      if (!program.equals(await readFile(file))) throw new CommandFailure(`${file} exists already, and is no sample: name another file`);
    }
  });
  print(io, json, { file, size: program.length }, () => `wrote ${file}: a Windows console program of ${String(program.length)} bytes that exits with 0`);
};

const run = async (io: Io, file: string, options: Options, command: Command): Promise<void> => {
  if (options.sample === true) return writeSample(io, file, options.json);
  const { org, out } = options;
  if (org === undefined || out === undefined) return command.error('codesign FILE needs --org SLUG and --out FILE', { exitCode: EXIT.usage });
  return signFile(io, { file, org, out, options });
};

export const codesignCommand = (io: Io): Command =>
  new Command('codesign')
    .description('sign a PE file: hash it, ask for the signature (QWICK_TOKEN), embed it, verify the result')
    .argument('<file>', 'the program to sign; with --sample, where to write one to try it on')
    .option('--org <slug>', 'organization that signs')
    .option('--out <file>', 'where to write the signed file; it appears only when it has been verified')
    .option('--sample', 'write a small valid executable to FILE')
    .option('--replace', 'replace the signatures that the file has')
    .option('--reason <text>', 'why it is signed, for the audit trail')
    .option('--batch <uuid>', 'groups several requests')
    .option('--root <file>', "PEM of the root to verify against (default: the server's)")
    .option('--tsa-root <file>', 'PEM of the root of an outside timestamp authority')
    .option('--json', 'machine-readable output')
    .action(async (file: string, options: Options, command: Command) => run(io, file, options, command));
