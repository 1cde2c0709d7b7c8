/** What kafkajs says, in our log. Failures that count are rejections, told by who is rejected: here they are what explains them. */
import kafkajs, { type LogEntry, type logCreator, type logLevel } from 'kafkajs';
import type { Logger } from '../../application/kernel/ports.ts';
import { CUT } from './line.ts';

const { ERROR, WARN } = kafkajs.logLevel;

/** A broker that is away is said again with each attempt; once in this time is enough. */
const SAID_AGAIN_AFTER_MS = 30_000;

/** We give up a producer with its first failure, so that bounded retries break no promise. */
const LIMITED = /^Limiting retries for the idempotent producer/u;
/** Our own doing is no news either. */
const isNoNews = (text: string): boolean => LIMITED.test(text) || text.includes(CUT);

const levelOf = (level: logLevel): 'warn' | 'info' | 'debug' => {
  if (level === ERROR) return 'warn';
  return level === WARN ? 'info' : 'debug';
};

/** For all clients of one bus. */
export const createKafkaLog = (logger: Logger): logCreator => {
  const said = new Set<string>();

  const isNew = (text: string): boolean => {
    if (said.has(text)) return false;
    said.add(text);
    setTimeout(() => said.delete(text), SAID_AGAIN_AFTER_MS).unref();
    return true;
  };

  return () => ({ namespace, level, log: { message, broker, groupId, error } }: LogEntry): void => {
    const why = error instanceof Error ? error.message : error;
    if (isNoNews(`${message} ${String(why)}`)) return;
    const told = level === ERROR || level === WARN;
    if (told && !isNew(`${groupId ?? ''} ${message}`)) return;
    logger[levelOf(level)]({ from: namespace, broker, group: groupId, error: why }, `kafka: ${message}`);
  };
};
