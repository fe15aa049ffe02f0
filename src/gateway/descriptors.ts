// How many sockets the operating system lets this process have. A server that has used up its files
// can accept nobody and, worse, cannot reach its Redis again: so some are kept from clients.

/** Files that this process may have open; null where that is not known or not limited. */
export function openFilesMax(): number | null {
  const report = process.report.getReport() as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: unknown } };
  };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === "number" ? soft : null;
}

/**
 * What clients may have of them: all but `reserve`, for Redis, documents, the bank and what Node
 * itself opens, and never less than half.
 */
export function socketsMaxOf(files: number | null, reserve: number): number {
  return files === null ? Infinity : Math.max(Math.floor(files / 2), files - reserve);
}
