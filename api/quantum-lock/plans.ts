/** The plans as the document lists them. */

export const PLANS = [
  { name: 'Free', price_monthly: '$0', licenses_per_month: 100, features: ['Basic quantum security', 'Email support', 'Community access'] },
  {
    name: 'Startup',
    price_monthly: '$99',
    licenses_per_month: 10_000,
    features: ['Quantum security', 'API access', 'Priority support', 'Analytics dashboard'],
  },
  {
    name: 'Business',
    price_monthly: '$499',
    licenses_per_month: 100_000,
    features: ['Advanced quantum', 'SLA 99.9%', '24/7 support', 'Custom integrations', 'White-label option'],
  },
  {
    name: 'Enterprise',
    price_monthly: 'Custom',
    licenses_per_month: 999_999_999,
    features: ['Unlimited licenses', 'Dedicated support', 'On-premise option', 'Custom quantum config', 'Legal SLA'],
  },
] as const;
