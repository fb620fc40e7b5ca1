/** The files of one tenant's exports. A file becomes visible only when it is whole. */
export interface TenantExportFiles {
  /**
   * Stores the file of an export, pulling as it writes. When the stream fails nothing is stored and its error is
   * rethrown.
   * @returns bytes written
   */
  write(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** @throws DomainError `export.not-found` when the export has no file */
  read(id: string): Promise<AsyncIterable<Uint8Array>>;
  /** Removes the file; does nothing when there is none. */
  remove(id: string): Promise<void>;
}

export interface ExportFiles {
  forTenant(tenant: string): TenantExportFiles;
  /** The ids of all files that are whole, by tenant: for the service's own care. */
  all(): Promise<ReadonlyMap<string, readonly string[]>>;
}
