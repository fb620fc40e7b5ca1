/** Where a request comes from, as far as the runtime knows. */
export interface RequestOrigin {
  /** Address at the other end of the connection; what a header says of it is anybody's. */
  ip?: string | undefined;
}

/** Variables that travel with a request through the app. */
export interface HttpEnv {
  Bindings: RequestOrigin;
  Variables: {
    requestId: string;
    /** Who asks, once that is known; for the log. */
    who?: { role: string; tenant?: string };
  };
}
