/** Who may call a node: basic credentials, as clients send them over TLS. */
import type { ServiceError } from '@grpc/grpc-js';
import type { Call } from './context.ts';
import { accessDenied, unauthenticated } from './failures.ts';

/** Passwords by name. */
export type Users = Readonly<Record<string, string>>;

/** What is wrong with who calls; undefined: nothing. Without users everybody may do everything, as on a node that runs insecurely. */
export const checkCredentials = (users: Users | undefined, { metadata }: Call): ServiceError | undefined => {
  if (users === undefined) return undefined;
  const [header] = metadata.get('authorization');
  if (header === undefined) return accessDenied();
  const [scheme, encoded = ''] = header.toString().split(' ');
  const [name = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  const isKnown = scheme === 'Basic' && Object.hasOwn(users, name) && users[name] === password.join(':');
  return isKnown ? undefined : unauthenticated();
};
