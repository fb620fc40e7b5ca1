/** What somebody said of an export. */
export interface Feedback {
  /** Id of the export. */
  export: string;
  /** 1 (bad) to 5 (good). */
  score: number;
  text: string;
  /** JWT `sub`. */
  givenBy: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  expiresAt: string;
}
