// Assertions that stay on in production. A failed one is a bug: nobody catches it but supervision.

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * `detail` is put behind the message of a failure. Messages are constants: text that is put
 * together at each call costs more than what it guards.
 */
export function assert(
  condition: boolean,
  message: string,
  detail?: string | number,
): asserts condition {
  if (!condition)
    throw new AssertionError(detail === undefined ? message : `${message}: ${detail}`);
}

/** The end of every exhaustive switch: unreachable for well-typed code, a bug otherwise. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected variant: ${JSON.stringify(value)}`);
}
