/** What a backup file says of itself. */
export type BackupKind = 'data' | 'keys';

export type BackupAbout = Readonly<{
  kind: BackupKind;
  format: number;
  /** Position of the newest event that the copied database held. */
  head: number;
  /** Id of the first event, in hex: backups of one installation have it in common. Empty while there are no events. */
  origin: string;
}>;
