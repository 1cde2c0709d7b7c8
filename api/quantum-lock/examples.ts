/** The document's own samples, for the OpenAPI document. */

export const EXAMPLE_KEY = 'QCOS-41FB-639F-C30B-14E3-6342-7B3E-6426-9320';

const CUSTOMER = 'user@acmecorp.com';
const SIGNATURE = 'a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90';
const MADE = '2025-06-15T10:30:00';
const GOOD_UNTIL = '2026-06-15T10:30:00';
const REVOKED = '2025-06-15T14:30:00';
const REASON = 'Customer cancelled subscription';

const listed = { id: 1, license_key: EXAMPLE_KEY, end_customer_id: CUSTOMER, features: ['premium', 'api_access'], valid_until: GOOD_UNTIL, created_at: MADE };
const active = { status: 'active', revoked: false };

export const EXAMPLES = {
  generate: { end_customer_id: CUSTOMER, features: ['premium', 'api_access', 'analytics'], valid_days: 365, metadata: { company: 'Acme Corp' } },
  generated: {
    license_key: EXAMPLE_KEY, quantum_signature: SIGNATURE, end_customer_id: CUSTOMER, features: ['premium', 'api_access', 'analytics'],
    valid_until: GOOD_UNTIL, quantum_verified: true, qcos_fidelity: 0.9841, security_level: 'Quantum-QCOS-16Q', generated_at: MADE,
  },
  validate: { license_key: EXAMPLE_KEY, end_customer_id: CUSTOMER },
  validated: { valid: true, end_customer_id: CUSTOMER, quantum_verified: true, message: 'License valid' },
  list: { licenses: [{ ...listed, ...active }], total: 42, page: 1, per_page: 20, total_pages: 3 },
  details: { ...listed, quantum_signature: SIGNATURE, qcos_fidelity: '0.9841', ...active, revoked_at: null, revoked_reason: null },
  revoke: { reason: REASON },
  revoked: { success: true, license_key: EXAMPLE_KEY, revoked_at: REVOKED, reason: REASON, message: 'License revoked successfully' },
  revocations: { revoked_ids: [EXAMPLE_KEY], count: 1, timestamp: REVOKED, position: '00000000000000004711' },
  account: {
    id: 651_637_555_200_001, name: 'acme-corp', email: 'admin@acmecorp.com', company_name: 'Acme Corporation', plan: 'startup',
    max_licenses_month: 10_000, licenses_used_month: 342, created_at: '2025-01-15T08:00:00', email_verified: true,
  },
  stats: { licenses_generated_month: 342, licenses_remaining_month: 9_658, plan: 'startup', max_licenses_month: 10_000 },
} as const;
