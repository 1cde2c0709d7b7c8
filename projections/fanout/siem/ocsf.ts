/** The words of OCSF 1.8.0 that the SIEM table uses: classes with their activities, severities, statuses. */

export const OCSF_VERSION = '1.8.0';

type ClassWords = Readonly<{
  uid: number;
  name: string;
  category: Readonly<{ uid: number; name: string }>;
  activities: Readonly<Record<string, number>>;
  /** Whether the class has an attribute for who acts. */
  actor: boolean;
}>;

const SYSTEM = { uid: 1, name: 'System Activity' } as const;
const FINDINGS = { uid: 2, name: 'Findings' } as const;
const IAM = { uid: 3, name: 'Identity & Access Management' } as const;
const APPLICATION = { uid: 6, name: 'Application Activity' } as const;

export const CLASSES = {
  eventLogActivity: { uid: 1008, name: 'Event Log Activity', category: SYSTEM, actor: true, activities: { Export: 3 } },
  complianceFinding: { uid: 2003, name: 'Compliance Finding', category: FINDINGS, actor: false, activities: { Create: 1 } },
  accountChange: {
    uid: 3001, name: 'Account Change', category: IAM, actor: true,
    activities: { Create: 1, 'Password Change': 3, 'Password Reset': 4, Delete: 6, 'MFA Factor Enable': 10, 'MFA Factor Disable': 11 },
  },
  authentication: { uid: 3002, name: 'Authentication', category: IAM, actor: true, activities: { Logon: 1, Logoff: 2 } },
  entityManagement: {
    uid: 3004, name: 'Entity Management', category: IAM, actor: true,
    activities: { Create: 1, Read: 2, Update: 3, Delete: 4, Enroll: 6, Enable: 8, Disable: 9, Activate: 10, Deactivate: 11, Suspend: 12, Resume: 13 },
  },
  userAccess: { uid: 3005, name: 'User Access Management', category: IAM, actor: true, activities: { 'Assign Privileges': 1 } },
  apiActivity: { uid: 6003, name: 'API Activity', category: APPLICATION, actor: true, activities: { Create: 1, Read: 2, Update: 3, Delete: 4 } },
} as const satisfies Readonly<Record<string, ClassWords>>;

export type ClassName = keyof typeof CLASSES;
/** A word of the class, or one of our own where it has none: that is OCSF's activity 99, Other. */
export type ActivityOf<Name extends ClassName> = keyof (typeof CLASSES)[Name]['activities'] | Readonly<{ other: string }>;

export const classWords = (name: ClassName): ClassWords => CLASSES[name];

const OTHER = 99;

export const activityOf = (name: ClassName, activity: string | Readonly<{ other: string }>): Readonly<{ id: number; name: string }> => {
  if (typeof activity !== 'string') return { id: OTHER, name: activity.other };
  return { id: classWords(name).activities[activity] ?? OTHER, name: activity };
};

export const SEVERITIES = { Informational: 1, Low: 2, Medium: 3, High: 4, Critical: 5 } as const;
export type Severity = keyof typeof SEVERITIES;

/** `Pending` is no word of OCSF: 99, Other. */
export const STATUSES = { Success: 1, Failure: 2, Pending: OTHER } as const;
export type Status = keyof typeof STATUSES;
