// Calls the user's functions. What they throw is reported like any uncaught error of a listener,
// after the SDK has finished what it was doing: it must not break the client's own state.

export function notify<Value>(listener: (value: Value) => void, value: Value): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Listeners by event. `on` gives back the function that takes the listener away again. */
export class Listeners<Events extends object> {
  readonly #byEvent = new Map<keyof Events, Set<(value: never) => void>>();

  on<Name extends keyof Events>(event: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  emit<Name extends keyof Events>(event: Name, value: Events[Name]): void {
    for (const listener of this.#byEvent.get(event) ?? []) {
      notify(listener as (value: Events[Name]) => void, value);
    }
  }
}
