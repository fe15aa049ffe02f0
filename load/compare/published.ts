// Figures that others have published of systems that are not run here. They are no part of the
// comparison: other machines, other loads, other promises. None is here without its source.

export interface Published {
  readonly system: string;
  readonly figure: string;
  readonly conditions: string;
  readonly source: string;
}

export const PUBLISHED: readonly Published[] = [];
