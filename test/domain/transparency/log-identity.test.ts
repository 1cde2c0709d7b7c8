import { logIdentityDecider } from '../../../domain/transparency/log-identity.ts';
import { specification } from '../../support/specification.ts';

const { given } = specification(logIdentityDecider);
const fixed = { type: 'LogOriginFixed', data: { installationId: 'i-1', origin: 'log.example' } } as const;
const fix = (origin?: string) => ({ type: 'FixLogOrigin', data: { installationId: 'i-2', origin } }) as const;

describe('transparency: the identity of the log', () => {
  it('takes the origin that the operator asks for', () =>
    given().when(fix('log.example')).then({ type: 'LogOriginFixed', data: { installationId: 'i-2', origin: 'log.example' } }));
  it('makes one from the installation id without a wish', () =>
    given().when(fix()).then({ type: 'LogOriginFixed', data: { installationId: 'i-2', origin: 'chancery.invalid/i-2' } }));
  it('stays what it is', () => given(fixed).when(fix()).nothing());
  it('may be asked for again', () => given(fixed).when(fix('log.example')).nothing());
  it('said twice is said once', () => given().twice(fix('log.example')));
  it('refuses another origin later', () => given(fixed).when(fix('else.example')).rejected('transparency.origin_differs', { origin: 'log.example' }));
});
