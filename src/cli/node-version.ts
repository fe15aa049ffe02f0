// Whether this Node can run the server. Imports nothing, so that it can speak before anything that
// an older Node could not even load.

/** The versions for which the WebSocket server has a binary and which the tests run on. */
const SUPPORTED_MAJORS: readonly number[] = [20, 22];

/** What to tell the user; null when this version is fine. */
export function complaintAboutNode(version: string): string | null {
  const major = Number.parseInt(version, 10);
  if (SUPPORTED_MAJORS.includes(major)) return null;
  return (
    `Loanloom runs on Node ${SUPPORTED_MAJORS.join(" and ")}; this is Node ${version}. ` +
    "The README says how to use another one."
  );
}
