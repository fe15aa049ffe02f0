// Many things to do over the network, a few of them at a time.

/** Handshakes at the same time, from one process. */
export const CONNECTS_AT_ONCE = 64;

/** `task` for each item, in order, at most `atOnce` under way; rejects with the first failure. */
export async function eachAtOnce<Item>(
  items: Iterable<Item>,
  atOnce: number,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      await task(next.value);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
