/** `chancery migrate` */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { catalogue } from '../../application/catalogue.ts';
import { createEventCodec } from '../../application/kernel/event-codec.ts';
import type { Logger } from '../../application/kernel/ports.ts';
import type { Side } from '../../infrastructure/moving/side.ts';
import { systemClock } from '../../infrastructure/runtime/clock.ts';
import { CommandFailure, print, progress, type Io } from './io.ts';

type Options = Readonly<{ from: string; fromMongo?: string; to: string; toMongo?: string; json?: boolean }>;
type Named = Readonly<{ engine: string; mongo: string | undefined; isSource: boolean }>;

const FROM_ENVIRONMENT = 'env:';
const ENGINES = /^(?:embedded:.|esdb(?:\+discover)?:\/\/)/;
const MONGO = /^mongodb(?:\+srv)?:\/\//;

/** What stands behind `env:NAME` is in the environment, where no list of processes shows it. */
const valueOf = (io: Io, option: string, given: string): string => {
  if (!given.startsWith(FROM_ENVIRONMENT)) return given;
  const name = given.slice(FROM_ENVIRONMENT.length);
  const value = io.env[name] ?? '';
  if (value === '') throw new CommandFailure(`${option} names the variable ${name}, which is not set`);
  return value;
};

/** Nothing of a wrong value is shown: it may hold a password. */
const checked = (io: Io, option: string, given: string, accepted: Readonly<{ form: RegExp; words: string }>): string => {
  const value = valueOf(io, option, given);
  if (!accepted.form.test(value)) throw new CommandFailure(`${option} names no engine; accepted is ${accepted.words}, or env:NAME for what stands in the variable NAME`);
  return value;
};

const sideOf = (io: Io, option: '--from' | '--to', engine: string, mongo: string | undefined): Named => ({
  engine: checked(io, option, engine, { form: ENGINES, words: 'embedded:DATA_DIR, esdb://… or esdb+discover://…' }),
  mongo: mongo === undefined ? undefined : checked(io, `${option}-mongo`, mongo, { form: MONGO, words: 'mongodb://…/database or mongodb+srv://…/database' }),
  isSource: option === '--from',
});

const placeOf = ({ engine }: Named): string => (engine.startsWith('embedded:') ? resolve(engine.slice('embedded:'.length)) : engine);

const sidesOf = (io: Io, { from, fromMongo, to, toMongo }: Options): readonly [Named, Named] => {
  const [source, destination] = [sideOf(io, '--from', from, fromMongo), sideOf(io, '--to', to, toMongo)];
  if (placeOf(source) === placeOf(destination)) throw new CommandFailure('--from and --to are the same log');
  if (source.mongo !== undefined && source.mongo === destination.mongo) {
    throw new CommandFailure('--from-mongo and --to-mongo are the same database: name another one to move into, since positions in the state change');
  }
  return [source, destination];
};

/** Warnings are for the operator; the rest would disturb the line that shows how far it is. */
const loggerOf = (io: Io): Logger => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => io.err(`chancery: ${message}`),
  error: (_fields, message) => io.err(`chancery: ${message}`),
});

const WORDS = { comparing: 'compared what is there already', copying: 'copied', verifying: 'verified' } as const;
const SHOWN_EVERY = 1_000;

const run = async (io: Io, options: Options): Promise<void> => {
  const [from, to] = sidesOf(io, options);
  // The engines' clients take their time to load.
  const [{ openSide }, { move }] = await Promise.all([import('../../infrastructure/moving/open-side.ts'), import('../../infrastructure/moving/move.ts')]);
  const tools = {
    codec: createEventCodec(catalogue), clock: systemClock, logger: loggerOf(io),
    onFatal: (error: Error): never => {
      io.err(`chancery: the disk failed: ${error.message}`);
      process.exit(1);
    },
  };
  const opened: Side[] = [];
  const line = progress(io);
  const begun = systemClock.now();
  try {
    for (const side of [from, to]) opened.push(await openSide(side, tools));
    const [source, destination] = opened as [Side, Side];
    const moved = await move({ source, destination }, {
      onProgress: (step, events) => {
        if (events % SHOWN_EVERY === 0) line.show(`${events} events ${WORDS[step]}`);
      },
    });
    line.done();
    const seconds = (systemClock.now() - begun) / 1_000;
    print(io, options.json, { from: source.name, to: destination.name, ...moved, seconds }, ({ events, copied, keys, state, digest }) =>
      [`${events} events are the same in ${source.name} and ${destination.name}`, `SHA-256 ${digest}`, `copied by this run: ${copied} events; keys ${keys}, entries of the state ${state}; ${seconds} s`].join('\n'));
  } finally {
    line.done();
    for (const { close } of opened.toReversed()) await close();
  }
};

export const migrateCommand = (io: Io): Command =>
  new Command('migrate')
    .description('move a log with its keys and state into another engine, and prove that both are equal; nothing may serve from either. Run again, it goes on where it was')
    .requiredOption('--from <engine>', 'embedded:DATA_DIR, a connection string of EventStoreDB, or env:NAME: the one in a variable')
    .option('--from-mongo <url>', 'where state (and with EventStoreDB the keys) stand; or env:NAME')
    .requiredOption('--to <engine>', 'where to; likewise')
    .option('--to-mongo <url>', 'likewise; a database of its own')
    .option('--json', 'machine-readable output')
    .action((options: Options) => run(io, options));
