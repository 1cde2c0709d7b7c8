/** The command line as a whole, and how its commands end. */
import { Command, CommanderError } from 'commander';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { accountCommand, sessionCommand } from './account.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { codesignCommand } from './codesign.ts';
import { credentialCommand } from './credential.ts';
import { doctorCommand } from './doctor.ts';
import { Ended, EXIT, failureLine, type Io } from './io.ts';
import { keysCommand } from './keys.ts';
import { migrateCommand } from './migrate.ts';
import { ownServer } from './own-server.ts';
import { serve } from './serve.ts';
import { tenantCommand } from './tenant.ts';
import { version } from './version.ts';

/** Here, because a start needs nothing of a command line. */
const serveCommand = (io: Io): Command =>
  new Command('serve')
    .description('run the program until it is told to stop')
    .option('--json', 'machine-readable output: one line on stdout tells where it listens')
    .action(async ({ json = false }: Readonly<{ json?: boolean }>) => {
      throw new Ended(await serve(io, json));
    });

const build = (io: Io, json: boolean): Command => {
  const own = ownServer(io);
  const commands = [serveCommand(io), tenantCommand(io, own), credentialCommand(io, own), accountCommand(io), sessionCommand(io), keysCommand(io, own), codesignCommand(io), doctorCommand(io), backupCommand(io, own), restoreCommand(io), migrateCommand(io)];
  const program = new Command('chancery').description('One event-sourced program that serves trust-service APIs.').version(version());
  for (const command of commands) program.addCommand(command);
  return withoutExit(program, io, json);
};

/** Commander throws instead of ending the process, in every command below; what is wrong in the usage is said at the end where JSON is asked for. */
const withoutExit = (command: Command, io: Io, json: boolean): Command => {
  command.exitOverride().configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => json || io.err(text.trimEnd()) });
  for (const below of command.commands) withoutExit(below, io, json);
  return command;
};

/** Help and version were asked for, everything else that Commander ends with was wrong usage. */
const usageCode = ({ exitCode, message }: CommanderError, io: Io, json: boolean): number => {
  if (exitCode === 0) return EXIT.ok;
  if (json) io.err(failureLine(message.replace(/^error: /, ''), json));
  return EXIT.usage;
};

const exitCodeOf = (error: unknown, io: Io, json: boolean): number => {
  if (error instanceof Ended) return error.exitCode;
  if (error instanceof CommanderError) return usageCode(error, io, json);
  io.err(failureLine(error instanceof Rejection ? `${error.code} ${JSON.stringify(error.details)}` : (error as Error).message, json));
  return EXIT.failed;
};

/** Runs one command line (without program names); answers its exit code: 0, 1 (failed) or 2 (usage). */
export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  const json = args.includes('--json');
  try {
    await build(io, json).parseAsync([...args], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return exitCodeOf(error, io, json);
  }
};
