// Whoever reads what a command prints may stop reading, as `head` does. That is no bug
// of the command: it ends as by Ctrl-C, and says nothing. Imports nothing: both
// entries have it before anything else.

/** For the whole process; once. */
export function endOnClosedPipe(): void {
  let isClosed = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (isClosed) return;
    isClosed = true;
    // What runs is put away by who listens; all others are done when nobody reads.
    if (!process.emit("SIGINT")) process.exit();
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
