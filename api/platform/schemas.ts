/** The shapes of requests and answers: each the source of its type, its validation and its place in the OpenAPI document. */
import Type, { type TSchema } from 'typebox';
import { PLAN_STATUSES, ROLES, SURFACES } from '../../domain/tenancy/terms.ts';

/** A member that is not known here is a mistake of the caller. */
const strict = { additionalProperties: false } as const;
const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (description: string) => Type.String({ pattern: UUID, 'x-expected': 'a UUID', description });
const instant = (description: string) => Type.String({ format: 'date-time', description: `${description}; RFC 3339` });
const nullable = <Schema extends TSchema>(schema: Schema, description: string) => Type.Union([schema, Type.Null()], { description });
/** Text that every store and every reader can hold: no control characters, no halves of surrogate pairs. */
const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\p{Cc}\\p{Cs}]+$', 'x-expected': 'text without control characters and lone surrogates', description });

const slug = () => Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug' });
const email = () => Type.String({ minLength: 3, maxLength: 254, description: 'E-mail address' });
/** How long it must be, and that it is none of the usual ones, the policy says. */
const password = () =>
  Type.String({ maxLength: 2_048, pattern: '^\\P{Cs}*$', 'x-expected': 'text without lone surrogates', description: 'At least 8 characters, and none of those that are guessed first' });
const role = () => Type.Enum([...ROLES], { description: 'What the person may do, on all surfaces' });
const surface = () => Type.Enum([...SURFACES], { description: 'The product' });

export const SlugParams = Type.Object({ slug: slug() });
export const PlanParams = Type.Object({ slug: slug(), surface: surface() });
export const MemberParams = Type.Object({ slug: slug(), user_id: uuid('The person') });
export const CredentialParams = Type.Object({ slug: slug(), id: uuid('The credential') });
export const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100, description: 'The projection, by its name' }) });
export const JobParams = Type.Object({ id: uuid('The job') });

const limit = (minimum: number, description: string) => Type.Optional(Type.Integer({ minimum, maximum: 1_000_000_000, description }));

const Limits = Type.Object(
  {
    members: limit(1, 'Members of the tenant'),
    signing_operations: limit(0, 'Signing operations in a period'),
    concurrency: limit(1, 'Requests in the signing step at once'),
    requests_per_minute: limit(1, 'Requests a minute'),
  },
  { ...strict, description: 'Where the tenant\'s limits differ from its plan\'s' },
);

const Discount = Type.Object(
  {
    name: text(200, 'What it is called'),
    percent_off: Type.Number({ minimum: 0, maximum: 100, description: 'Percent' }),
    ends_at: instant('When it ends'),
  },
  { ...strict, description: 'A discount' },
);

export const PlanBody = Type.Object(
  {
    plan: text(50, 'The name of the plan'),
    status: Type.Optional(Type.Enum([...PLAN_STATUSES], { description: 'Whether it is paid; active without' })),
    current_period_end: Type.Optional(instant('When the paid period ends')),
    cancel_at_period_end: Type.Optional(Type.Boolean({ description: 'Whether it ends, as if cancelled, with the period: at `current_period_end`, or with the one that runs now; false without' })),
    discount: Type.Optional(nullable(Discount, 'null or absent: none')),
    limits: Type.Optional(Limits),
  },
  strict,
);

export const PlanReply = Type.Object(
  {
    plan: Type.String({ description: 'The name of the plan' }),
    status: Type.Enum([...PLAN_STATUSES], { description: 'Whether it is paid' }),
    since: instant('When the plan began'),
    current_period_end: nullable(Type.String({ format: 'date-time' }), 'When the paid period ends; RFC 3339'),
    cancel_at_period_end: Type.Boolean({ description: 'Whether it ends with the period' }),
    discount: nullable(Discount, 'null: none'),
    limits: Limits,
  },
  { description: 'The state of a plan' },
);

const planNames = (description: string) => Type.Partial(Type.Record(Type.Enum([...SURFACES]), Type.String()), { description });

const tenant = {
  id: uuid('The tenant'),
  slug: Type.String({ description: 'Its name in addresses' }),
  name: Type.String({ description: 'Its name for people' }),
  plans: planNames('The name of the plan of each surface that has plans'),
  subscriptions: Type.Record(Type.String(), PlanReply, { description: 'The state of each plan, by surface' }),
};

export const TenantReply = Type.Object(tenant, { description: 'A tenant' });

export const CreateTenantBody = Type.Object(
  {
    slug: Type.String({ maxLength: 100, description: '2 to 63 lower-case letters, digits and inner hyphens' }),
    name: text(200, 'Its name for people'),
    owner: Type.Object({ email: email(), password: password() }, { ...strict, description: 'The first owner; the address counts as verified' }),
    plans: Type.Optional(
      Type.Object(
        {
          'qwick-cert': Type.Optional(Type.String({ description: 'free, pro or enterprise' })),
          'quick-ztna': Type.Optional(Type.String({ description: 'free, business or workforce' })),
          'quantum-lock': Type.Optional(Type.String({ description: 'free, startup, business or enterprise' })),
        },
        { ...strict, description: 'Plans by surface; free without' },
      ),
    ),
  },
  strict,
);

export const CreatedTenantReply = Type.Object(
  { ...tenant, owner: Type.Object({ user_id: uuid('The person'), email: email() }, { description: 'The owner' }) },
  { description: 'The new tenant' },
);

export const MemberReply = Type.Object(
  { user_id: uuid('The person'), email: nullable(Type.String(), 'null once the person has been erased'), role: role() },
  { description: 'A member' },
);
export const AddMemberBody = Type.Object({ email: email(), password: password(), role: role() }, strict);
export const ChangeRoleBody = Type.Object({ role: role() }, strict);

const keyId = () => Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', 'x-expected': 'a key id' });
const permissions = (description: string) => Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50, description });

export const CreateCredentialBody = Type.Object(
  {
    surface: surface(),
    name: text(200, 'What it is for'),
    kind: Type.Optional(Type.String({ maxLength: 50, description: 'Which of the surface\'s forms; its usual one without' })),
    permissions: Type.Optional(permissions('What it may do: of qwick-cert sign and read_audit')),
    scopes: Type.Optional(permissions('What it may do, on surfaces that speak of scopes')),
    email: Type.Optional(Type.String({ maxLength: 254, description: 'The member it acts for, on surfaces where one is named' })),
    key_ids: Type.Optional(Type.Array(keyId(), { maxItems: 50, description: 'The keys it may use, on surfaces with keys' })),
    expires_at: Type.Optional(instant('When it ends; the form\'s usual life time without')),
  },
  strict,
);

const credential = {
  id: uuid('The credential'),
  surface: surface(),
  kind: Type.String({ description: 'Its form' }),
  name: Type.String({ description: 'What it is for' }),
  prefix: Type.String({ description: 'How the secret starts' }),
  permissions: Type.Array(Type.String(), { description: 'What it may do' }),
  key_ids: nullable(Type.Array(Type.String()), 'The keys it may use; null where it is not bound to some'),
  created_at: instant('When it was made'),
  expires_at: nullable(Type.String({ format: 'date-time' }), 'When it ends; RFC 3339'),
};

export const CreatedCredentialReply = Type.Object(
  { ...credential, secret: Type.String({ description: 'Shown this once' }) },
  { description: 'The new credential' },
);
export const CredentialReply = Type.Object(
  {
    ...credential,
    acting_for: uuid('The person it acts for'),
    ended: Type.Boolean({ description: 'Whether that person has left the tenant, so that it works no more' }),
    last_used_at: nullable(Type.String({ format: 'date-time' }), 'When it was last used; RFC 3339'),
    use_count: Type.Integer({ description: 'How often it was used' }),
  },
  { description: 'A credential, without its secret' },
);

export const SignInBody = Type.Object(
  {
    email: email(),
    password: Type.String({ maxLength: 2_048, pattern: '^\\P{Cs}*$', 'x-expected': 'text without lone surrogates', description: 'The password' }),
    tenant: Type.Optional(Type.String({ maxLength: 100, description: 'A slug; needed by who belongs to several tenants' })),
    totp: Type.Optional(Type.String({ maxLength: 50, description: 'The second factor, where one is set up' })),
  },
  strict,
);
export const RefreshBody = Type.Object({ refresh_token: Type.String({ maxLength: 500, description: 'Good once' }) }, strict);
export const SessionReply = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT (EdDSA), to be sent as Bearer' }),
    refresh_token: Type.String({ description: 'Good once' }),
    expires_in: Type.Integer({ description: 'Life time of the access token in seconds' }),
    tenant: Type.String({ description: 'The slug' }),
    role: role(),
  },
  { description: 'A session' },
);

export const ProjectionReply = Type.Object(
  {
    name: Type.String({ description: 'The projection' }),
    version: Type.Integer({ description: 'The version that this release knows' }),
    serving: Type.Integer({ description: 'The version that questions are answered from; another one until that has caught up' }),
    position: nullable(Type.String(), 'The log position it has reached; null before the first event'),
    lag: Type.Number({ description: 'Age in seconds of the oldest event that it does not include yet; 0 when it includes all' }),
  },
  { description: 'A read model' },
);
export const ProjectionsReply = Type.Object({ items: Type.Array(ProjectionReply, { description: 'All of them' }) }, { description: 'The read models' });

/** `kinds`: those that this program can do. */
export const startJobBody = (kinds: readonly string[]) =>
  Type.Object(
    {
      kind: Type.Enum([...kinds], { description: 'What to do' }),
      tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The tenant, by its slug, for what is done for one: rotate-tenant-key' })),
    },
    strict,
  );
export const JobReply = Type.Object(
  {
    id: uuid('The job'),
    kind: Type.String({ description: 'What it does' }),
    status: Type.Enum(['running', 'done', 'failed'], { description: 'How far it is' }),
    progress: Type.Number({ description: '0 to 1' }),
    created_at: instant('When it was started'),
    finished_at: nullable(Type.String({ format: 'date-time' }), 'When it ended; RFC 3339'),
    error: nullable(Type.String(), 'Why it failed'),
    file: nullable(
      Type.Object({ name: Type.String(), content_type: Type.String(), size: Type.Integer() }, { description: 'What it made' }),
      'Fetched at /file below the job; null while there is none',
    ),
  },
  { description: 'Long work' },
);
