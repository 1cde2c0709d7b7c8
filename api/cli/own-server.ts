/** A server of the command's own: the whole program on a free loopback port, for as long as the work takes. */
import { readConfig } from '../../infrastructure/runtime/config.ts';
import { startProgram } from '../composition/program.ts';
import type { WithOwnServer } from './client.ts';
import type { Io } from './io.ts';

/** Takes the lock of DATA_DIR like any server; logs warnings to nowhere, since the command says itself what went wrong. */
export const ownServer = (io: Io): WithOwnServer => async (work) => {
  const config = readConfig({ ...io.env, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'silent' });
  const program = await startProgram({
    config,
    onFatal: (error) => {
      io.err(`chancery: the disk failed: ${error.message}`);
      process.exit(1);
    },
  });
  try {
    await program.caughtUp();
    return await work(program.url, program.operatorToken);
  } finally {
    await program.stop();
  }
};
