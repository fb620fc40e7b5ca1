/** An empty store and the way to let go of it. */
export interface Fresh<T> {
  store: T;
  close(): Promise<void> | void;
}
