// What is wrong with a file of revocations. Messages say what to do about it.

export class RevocationFileError extends Error {
  override readonly name = "RevocationFileError";
}

/** Why the file could not be read or written. Throws again what is no fault of a file: a bug. */
export function faultOf(error: unknown): string {
  const isOfSystem = error instanceof Error && "syscall" in error;
  if (error instanceof RevocationFileError || isOfSystem) return error.message;
  throw error;
}
