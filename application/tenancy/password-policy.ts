/**
 * Which passwords are refused (NIST SP 800-63B section 3.1.1.2): short ones, endless ones, and those that a guesser tries first: usual
 * words in disguise, a single short word or number, repetitions, walks over the keyboard, what is known of the person. No mixture of
 * kinds of characters is asked for.
 */
import { rejectFields } from '../../domain/kernel/rejection.ts';
import { COMMON_WORDS } from './common-passwords.ts';

const SHORTEST = 8;
const LONGEST = 1_024;
/** A common word with up to this much around it is still that word: `Passw0rd123!`. */
const DECORATION = 4;

const LETTER_FOR: Readonly<Record<string, string>> = { '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's', '!': 'i' };

const withLetters = (text: string): string => text.replaceAll(/[013457@$!]/gu, (sign) => LETTER_FOR[sign] ?? sign);
const withoutEnds = (text: string): string => text.replace(/^[^\p{L}]+/u, '').replace(/[^\p{L}]+$/u, '');

/** The words a password may be in disguise: digits and signs read as letters, or dropped at its ends. */
const cores = (password: string): readonly string[] => {
  const lower = password.toLowerCase();
  return [withLetters(lower), withLetters(withoutEnds(lower)), withoutEnds(lower), withoutEnds(withLetters(lower))];
};

const isDecoratedWord = (password: string, words: ReadonlySet<string>): boolean =>
  cores(password).some((core) => words.has(core) && password.length - core.length <= DECORATION);

const characters = (text: string): readonly string[] => Array.from(text);

/** `aaaaaaaa`, `12121212`, `passpass`: nothing but repetitions of up to four characters. */
const isRepetition = (text: string): boolean =>
  [1, 2, 3, 4].some((period) => characters(text).every((character, index, all) => index < period || character === all[index - period]));

/** Neighbours on keyboards and in the alphabet, there and back. */
const ROWS = [
  '`1234567890-=',
  'qwertyuiop[]',
  "asdfghjkl;'",
  'zxcvbnm,./',
  'qwertzuiop',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'zaq12wsxcde34rfvbgt56yhn',
];
const WALKS = ROWS.flatMap((row) => [row + row, characters(row + row).toReversed().join('')]);

/** How many runs of neighbours (at least three long) a text falls into; undefined when it does not. */
const walks = (text: string): number | undefined => {
  let rest = text;
  let runs = 0;
  while (rest !== '') {
    const length = longestWalk(rest);
    if (length < 3) return undefined;
    rest = rest.slice(length);
    runs += 1;
  }
  return runs;
};

const longestWalk = (text: string): number => {
  let length = 0;
  while (length < text.length && WALKS.some((row) => row.includes(text.slice(0, length + 1)))) length += 1;
  return length;
};

const isWalk = (password: string): boolean => (walks(password.toLowerCase()) ?? 3) <= 2;

/** One word or name, or one number: the rankings are full of them, more than any list of ours can hold. */
const isOneWord = (password: string): boolean => /^\p{L}?\p{Ll}{0,9}$|^\p{Lu}{1,10}$|^\d{1,11}$/u.test(password);

/** What is wrong with a password, or undefined. `own`: words that belong to the person: address, slug, name. */
export const passwordFault = (password: string, own: readonly string[]): string | undefined => {
  const length = characters(password).length;
  if (length < SHORTEST) return `must have at least ${SHORTEST} characters`;
  if (length > LONGEST) return `must have at most ${LONGEST} characters`;
  const ownWords = new Set(own.flatMap((text) => [text.toLowerCase(), ...text.toLowerCase().split(/[^\p{L}\p{N}]+/u)]).filter((word) => word.length >= 3));
  const guessed = isDecoratedWord(password, COMMON_WORDS) || isDecoratedWord(password, ownWords);
  if (guessed || isOneWord(password) || isRepetition(password) || isWalk(password)) return 'is among the first that a guesser tries';
  return undefined;
};

/** Rejects, naming `field`, a password that must not be used. */
export const checkPassword = (password: string, field: string, own: readonly string[]): void => {
  const fault = passwordFault(password, own);
  if (fault !== undefined) rejectFields({ [field]: fault });
};
