// Every way in which the sandbox cannot start, by stable code.

export type SandboxErrorCode =
  /** The file is not what a sandbox has written. */
  | "file_damaged"
  /** Another sandbox runs on the file. */
  | "file_in_use"
  /** The address is taken or is none of this machine's. */
  | "cannot_listen";

export class SandboxError extends Error {
  override readonly name = "SandboxError";
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
