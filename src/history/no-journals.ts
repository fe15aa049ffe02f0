// Told by its class, in a file of its own: who only asks for the class opens no journals.

/** There is no deployment, or no key to it, where somebody said: they have to say it otherwise. */
export class NoJournals extends Error {
  override readonly name = "NoJournals";
}
