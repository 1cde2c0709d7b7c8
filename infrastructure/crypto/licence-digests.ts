/** The hashes by which licences and their holders are named in what is signed. */
import { hash } from 'node:crypto';
import type { LicenceDigests } from '../../application/licensing/ports.ts';

export const licenceDigests: LicenceDigests = { sha256: (text) => hash('sha256', text, 'base64url') };
