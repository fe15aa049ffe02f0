// Numbers for people, in terminal and page alike.

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** As many digits as say something. */
export function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : whole(value);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** `250 ms`, `12.5 s`, `10 min`. */
export function lasting(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 300_000) return `${Number((milliseconds / 1_000).toFixed(1))} s`;
  return `${Number((milliseconds / 60_000).toFixed(1))} min`;
}
