/** The whole program with an organization, its people and their pipeline, for what policies and approvals do to requests. */
import type { Clock } from '../../../application/kernel/ports.ts';
import { addMember, createCredential, createTenant, signIn, startApp, type Answer, type App, type Tenant } from './people.ts';

export type Json = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- answers are looked into at many places

export const DIGEST = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
export const otherDigest = (number: number): string => Buffer.alloc(32, number).toString('base64');

let made = 0;

const real = (): number => Math.floor(performance.timeOrigin + performance.now());

export const openWorld = async () => {
  const time = { ahead: 0, passes: real };
  const clock: Clock = { now: () => time.passes() + time.ahead };
  const app: App = await startApp({ clock, env: { TRUST_PROXY: '127.0.0.1' } });

  const organization = async () => {
    made += 1;
    const tenant: Tenant = await createTenant(app, `acme-${made}`);
    const { id: keyId, secret: key } = await createCredential(app, tenant);
    const base = `/platform/v1/tenants/${tenant.slug}`;
    const call = (method: string, path: string, body?: unknown, token: string = app.operatorToken): Promise<Answer> => app.ask(method, `${base}${path}`, { token, body });
    return {
      ...tenant, base, key, keyId, call,
      /** Sets the policy; answers it. */
      policy: async (body: object): Promise<Json> => {
        const answer = await call('PUT', '/signing-policy', body);
        if (answer.status !== 200) throw new Error(answer.text);
        return answer.json() as Json;
      },
      /** One request to sign; as the key unless said otherwise. */
      sign: async (over: object = {}, token: string = key, headers: Record<string, string> = {}): Promise<Readonly<{ status: number; code: string | undefined; json: Json; headers: Headers }>> => {
        const body = { digest: DIGEST, algorithm: 'sha256', file_name: 'MyApp.exe', file_size: 1_000, organization_slug: tenant.slug, ...over };
        const answer = await app.ask('POST', '/qwick-cert/api/v1/sign-digest', { token, body, headers });
        const json = answer.json() as Json;
        return { status: answer.status, code: json['error']?.code, json, headers: answer.headers };
      },
      plan: async (body: object): Promise<void> => {
        const answer = await call('PUT', '/plans/qwick-cert', body);
        if (answer.status !== 200) throw new Error(answer.text);
      },
      signed: async (): Promise<number> => {
        const answer = await app.ask('GET', `/qwick-cert/api/v1/signing-operations?organization_slug=${tenant.slug}`, { token: key });
        return Number((answer.json() as Json)['data'].total);
      },
      whatIf: async (policy: object, days = 30): Promise<Json> => {
        const answer = await call('POST', '/signing-policy/what-if', { policy, days });
        if (answer.status !== 200) throw new Error(answer.text);
        return answer.json() as Json;
      },
      /** A member with a session. */
      member: async (name: string, role: 'admin' | 'signer' | 'viewer') => {
        const email = `${name}@${tenant.slug}.example`;
        const userId = await addMember(app, tenant, email, role);
        return { email, userId, token: await signIn(app, tenant, email) };
      },
      owner: () => signIn(app, tenant, tenant.ownerEmail),
    };
  };

  return {
    app, organization,
    close: () => app.close(),
    now: () => clock.now(),
    pass: (ms: number) => { time.ahead += ms; },
    /** No time but what `pass` says, for as long as `work` takes: however slow the machine is. */
    standingStill: async (work: () => Promise<void>): Promise<void> => {
      const now = real();
      time.passes = () => now;
      await work().finally(() => { time.passes = real; });
    },
  };
};

export type World = Awaited<ReturnType<typeof openWorld>>;
export type Acme = Awaited<ReturnType<World['organization']>>;
