/** Variables that travel with a request through the app. */
export interface HttpEnv {
  Variables: {
    requestId: string;
    /** Who asks, once that is known; for the log. */
    who?: { role: string; tenant?: string };
  };
}
