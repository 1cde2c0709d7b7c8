/**
 * Which subject interface package (SIP) will hash the file and carry its signature. The content of an Authenticode
 * signature depends on it, but a request only tells the file's name.
 */
export type FileKind = 'pe' | 'msi' | 'powershell' | 'cab';

export const FILE_KINDS: readonly FileKind[] = ['pe', 'msi', 'powershell', 'cab'];

const EXTENSIONS: Readonly<Record<Exclude<FileKind, 'pe'>, readonly string[]>> = {
  msi: ['msi', 'msp', 'mst'],
  powershell: ['ps1', 'psm1', 'psd1', 'ps1xml', 'psc1', 'cdxml', 'mof'],
  cab: ['cab'],
};

/** Their indirect data is not one SHA-256 (packages), or their SIP is not one of ours (scripts). */
const UNSUPPORTED: ReadonlySet<string> = new Set(['appx', 'appxbundle', 'msix', 'msixbundle', 'js', 'vbs', 'wsf']);

const KINDS: ReadonlyMap<string, FileKind> = new Map(
  Object.entries(EXTENSIONS).flatMap(([kind, extensions]) => extensions.map((extension) => [extension, kind as FileKind] as const)),
);

/** Lower case, without the dot; empty when the last part of the path has none. */
export const extensionOf = (fileName: string): string => {
  const name = fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
};

/** As Windows sees it: it ignores dots and blanks at the end of a name, so they must not hide an extension. */
export const effectiveExtension = (fileName: string): string => extensionOf(fileName.replace(/[. ]{1,255}$/u, ''));

/** Windows picks the SIP by extension; unknown or no extension means a PE file. Undefined: cannot be signed here. */
export const fileKindOf = (fileName: string): FileKind | undefined => {
  const extension = effectiveExtension(fileName);
  return UNSUPPORTED.has(extension) ? undefined : (KINDS.get(extension) ?? 'pe');
};
