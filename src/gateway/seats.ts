// Counts connections in total and by address, from the first byte of a handshake to the close.

export type SeatRefusal = "total" | "address";

export class Seats {
  readonly #totalMax: number;
  readonly #perAddressMax: number;
  readonly #keptForFirst: number;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  /** `keptForFirst` of the seats are for those who have none yet. */
  constructor(totalMax: number, perAddressMax: number, keptForFirst = 0) {
    this.#totalMax = totalMax;
    this.#perAddressMax = perAddressMax;
    this.#keptForFirst = keptForFirst;
  }

  get taken(): number {
    return this.#taken;
  }

  /**
   * Undefined when a seat was taken; it must be given back exactly once. Where both are full it is
   * the address: it has none to take, however many of the others there are.
   */
  take(address: string): SeatRefusal | undefined {
    const here = this.#byAddress.get(address) ?? 0;
    if (here >= this.#perAddressMax) return "address";
    const kept = here === 0 ? 0 : this.#keptForFirst;
    if (this.#taken >= this.#totalMax - kept) return "total";
    this.#taken++;
    this.#byAddress.set(address, here + 1);
    return undefined;
  }

  giveBack(address: string): void {
    this.#taken--;
    const here = this.#byAddress.get(address)! - 1;
    if (here === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here);
  }
}
