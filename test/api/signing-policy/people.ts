/** The helpers of the whole program, and one more member. */
import { OWNER_PASSWORD, type App, type Tenant } from '../../support/app.ts';

export { createCredential, createTenant, signIn, startApp } from '../../support/app.ts';
export type { Answer, App, Tenant } from '../../support/app.ts';

/** Answers the new member's user id. */
export const addMember = async (app: App, tenant: Pick<Tenant, 'slug'>, email: string, role: string): Promise<string> => {
  const answer = await app.ask('POST', `/platform/v1/tenants/${tenant.slug}/members`, { token: app.operatorToken, body: { email, password: OWNER_PASSWORD, role } });
  if (answer.status !== 201) throw new Error(`member ${email}: ${answer.status} ${answer.text}`);
  return (answer.json() as { user_id: string }).user_id;
};
