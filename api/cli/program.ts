/** The command line as a whole, and how its commands end. */
import { Command, CommanderError } from 'commander';
import { Rejection } from '../../domain/kernel/rejection.ts';
import { accountCommand, sessionCommand } from './account.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { codesignCommand } from './codesign.ts';
import { credentialCommand } from './credential.ts';
import { doctorCommand } from './doctor.ts';
import { EXIT, type Io } from './io.ts';
import { keysCommand } from './keys.ts';
import { ownServer } from './own-server.ts';
import { serveCommand } from './serve.ts';
import { tenantCommand } from './tenant.ts';

const build = (io: Io): Command => {
  const own = ownServer(io);
  const commands = [serveCommand(), tenantCommand(io, own), credentialCommand(io, own), accountCommand(io), sessionCommand(io), keysCommand(io, own), codesignCommand(io), doctorCommand(io), backupCommand(io, own), restoreCommand(io)];
  const program = new Command('chancery').description('One event-sourced program that serves trust-service APIs.');
  for (const command of commands) program.addCommand(command);
  return withoutExit(program, io);
};

/** Commander throws instead of ending the process, in every command below. */
const withoutExit = (command: Command, io: Io): Command => {
  command.exitOverride().configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) });
  for (const below of command.commands) withoutExit(below, io);
  return command;
};

const exitCodeOf = (error: unknown, io: Io): number => {
  // Commander has said it already; help and version were asked for, everything else was wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = error instanceof Rejection ? `${error.code} ${JSON.stringify(error.details)}` : (error as Error).message;
  io.err(`chancery: ${message}`);
  return EXIT.failed;
};

/** Runs one command line (without program names); answers its exit code: 0, 1 (failed) or 2 (usage). */
export const runCli = async (args: readonly string[], io: Io): Promise<number> => {
  try {
    await build(io).parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    return exitCodeOf(error, io);
  }
};
