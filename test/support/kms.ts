/** The KMS over the whole program: tenants, services, keys, and what they ask. */
import type { App, Answer } from './app.ts';
import { createTenant } from './app.ts';

export type Service = Readonly<{ id: string; token: string }>;
type Json = Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any -- tests look where they like

export const API = '/quantum-lock/api/v1/kms';
export const base64 = (text: string | Uint8Array): string => Buffer.from(text as string).toString('base64');

const made = async (answering: Promise<Answer>): Promise<Json> => {
  const answer = await answering;
  if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json() as Json;
};

export const createKmsHelper = (app: App) => {
  let tenants = 0;
  const platform = (method: string, path: string, body?: object): Promise<Answer> => app.ask(method, `/platform/v1${path}`, { token: app.operatorToken, ...(body !== undefined && { body }) });
  return {
    platform,
    tenant: async (): Promise<string> => {
      tenants += 1;
      return (await createTenant(app, `kms-${tenants}`)).slug;
    },
    service: async (slug: string, name = 'billing', more: object = {}): Promise<Service> => {
      const { id, secret } = await made(platform('POST', `/tenants/${slug}/credentials`, { surface: 'quantum-lock', kind: 'service', name, ...more }));
      return { id: String(id), token: String(secret) };
    },
    key: (slug: string, body: object): Promise<Json> => made(platform('POST', `/tenants/${slug}/kms-keys`, body)),
    rotate: (slug: string, keyId: string, body: object = {}): Promise<Json> => made(platform('POST', `/tenants/${slug}/kms-keys/${keyId}/rotate`, body)),
    retire: (slug: string, keyId: string, version: number, body: object = {}): Promise<Json> => made(platform('POST', `/tenants/${slug}/kms-keys/${keyId}/versions/${version}/retire`, body)),
    ask: (what: 'sign' | 'verify', { token }: Pick<Service, 'token'>, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => app.ask('POST', `${API}/${what}`, { token, body, headers }),
    sign: (service: Service, data: string, more: object = {}): Promise<Json> => made(app.ask('POST', `${API}/sign`, { token: service.token, body: { data: base64(data), ...more } })),
    verify: async (service: Service, data: string, signature: unknown, more: object = {}): Promise<boolean> =>
      (await made(app.ask('POST', `${API}/verify`, { token: service.token, body: { data: base64(data), signature, ...more } })))['valid'] as boolean,
  };
};

export type KmsHelper = ReturnType<typeof createKmsHelper>;
