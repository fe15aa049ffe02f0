// What is counted of documents over HTTP: plain numbers that only grow (or, where said, the present
// value), read by ops at each scrape.

export interface DocumentCounters {
  /** Present values. */
  uploadsOpen: number;
  downloadsOpen: number;
  /** Present value: bytes that were received and are not yet written. */
  bufferedBytes: number;
  bytesReceived: number;
  bytesSent: number;
  /**
   * Uploads that ended, by "stored", "repeated", "aborted" or the code that they were refused with.
   */
  readonly uploads: Map<string, number>;
  /** Downloads that ended, by "sent", "aborted" or the code that they were refused with. */
  readonly downloads: Map<string, number>;
}

export function createDocumentCounters(): DocumentCounters {
  return {
    uploadsOpen: 0,
    downloadsOpen: 0,
    bufferedBytes: 0,
    bytesReceived: 0,
    bytesSent: 0,
    uploads: new Map(),
    downloads: new Map(),
  };
}

export function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}
