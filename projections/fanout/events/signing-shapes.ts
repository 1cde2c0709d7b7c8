/** Words that several public types of signing share. */
import { count, text, uuid, word } from '../shapes.ts';

export const SOURCES = ['cli', 'github_action', 'dashboard', 'api'] as const;

export const operationId = () => uuid('The signing operation');
export const digest = () => text('SHA-256 Authenticode digest of the file, base64');
export const fileName = () => text('The file, as the client named it');
export const fileSize = () => count('Bytes');
export const source = () => word(SOURCES, 'Where the request came from');
