import { expect } from 'chai';
import { COMMON_WORDS } from '../../../application/tenancy/common-passwords.ts';
import { checkEmail } from '../../../application/tenancy/email.ts';
import { passwordFault } from '../../../application/tenancy/password-policy.ts';
import { Rejection } from '../../../domain/kernel/rejection.ts';

const refused = [
  'password', 'Password1', 'P@ssw0rd', 'passw0rd!', 'password123', '123password', 'qwertyuiop', 'Qwerty123', '1q2w3e4r', 'zaq12wsx', '1qaz2wsx',
  '12345678', '123456789', '87654321', '11111111', '12121212', '123123123', 'abcd1234', 'qwer1234', 'asdfghjkl', 'letmein1', 'iloveyou',
  'ILoveYou2', 'trustno1', 'football', 'baseball1', 'superman', 'sunshine', 'princess', 'starwars', 'whatever', 'michelle', 'jennifer',
  'passpass', 'changeme', 'welcome1', 'Admin123', 'dragon99', 'abcabcabc', 'aaaaaaaaa', 'computer', 'internet', 'changeit', 'qwert12345',
  'mountain', 'Platinum', 'ELEPHANT', '19870612', 'q1w2e3r4', 'babylon5',
];
const fine = [
  'correct horse battery staple', 'plenty of words to remember 7', 'Tr0ub4dor&3', 'x7#kQ9!mZ2', 'dragonfly-marble-teapot', 'пароль-из-слов', '水火木金土日月年', 'a1b2c3d4e5f6g7',
  'hunter2 goes fishing', 'S3cure-Passw0rd-Phrase', 'my dog is 12 years old', 'correcthorse', 'mountain-77-x', '481516234299',
];

describe('which passwords are refused', () => {
  for (const password of refused) it(`refuses ${password}`, () => expect(passwordFault(password, [])).to.be.a('string'));
  for (const password of fine) it(`takes ${password}`, () => expect(passwordFault(password, [])).to.equal(undefined));

  it('refuses fewer than 8 and more than 1,024 characters, as people count them', () => {
    expect(passwordFault('k9#Zq2!', [])).to.equal('must have at least 8 characters');
    expect(passwordFault('🦔🐙🦑🐌🦂🐢🦕', [])).to.equal('must have at least 8 characters');
    expect(passwordFault('🦔🐙🦑🐌🦂🐢🦕🦖', [])).to.equal(undefined);
    expect(passwordFault('ab!'.padEnd(1_025, 'xyz0?'), [])).to.equal('must have at most 1024 characters');
    expect(passwordFault('ab!'.padEnd(1_024, 'xyz0?'), [])).to.equal(undefined);
  });

  it('refuses what is known of the person', () => {
    expect(passwordFault('winterbourne1', ['ann.winterbourne@acme.example'])).to.be.a('string');
    expect(passwordFault('Acme-Corp', ['acme-corp'])).to.be.a('string');
    expect(passwordFault('winterbourne and the nine hills', ['ann.winterbourne@acme.example'])).to.equal(undefined);
  });

  it('takes no time over hostile input', () => {
    const start = performance.now();
    for (const text of ['a', 'ab', 'qwerty', '-', '1', '!', '\u0000', 'é']) passwordFault(text.repeat(100_000 / text.length), [text.repeat(1_000)]);
    expect(performance.now() - start).to.be.lessThan(2_000);
  });

  it('knows a few hundred words', () => expect(COMMON_WORDS.size).to.be.greaterThan(400));
});

describe('which e-mail addresses are refused', () => {
  it('takes what mail systems take', () => {
    for (const email of ['a@b', 'ann.o\'hara+x@mail.example', 'ünï@exämple.test', ` ${'a'.repeat(64)}@x.test `]) expect(checkEmail(email, 'email')).to.equal(email.trim());
  });
  it('refuses the rest', () => {
    for (const email of ['', 'a', '@', 'a@', '@b', 'a b@c', 'a@b c', 'a@b@c', 'a@b\u0000', '<a@b>', 'a@b\r\nBcc: c@d', `${'a'.repeat(65)}@b`, `a@${'b'.repeat(253)}`]) {
      expect(() => checkEmail(email, 'email'), JSON.stringify(email)).to.throw(Rejection);
    }
  });
});
