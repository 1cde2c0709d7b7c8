/** Milliseconds since 1970 as UTC in ISO 8601, as events keep it. */
export const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();
