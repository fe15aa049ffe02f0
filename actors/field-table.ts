// How events and messages are laid out in the journal: by position, with a number and a version.
// A changed layout gets a new version and an upcaster; old versions are read for ever.

/** `bytes16` is a RequestId; `list` holds strings and integers; `nullable` ones may be null. */
export type FieldKind =
  "int" | "string" | "bytes16" | "flag" | "list" | "nullableInt" | "nullableString";

export interface Layout {
  readonly code: number;
  readonly version: number;
  /** In the order of positions. */
  readonly fields: Readonly<Record<string, FieldKind>>;
}

/** One layout for each variant of a union by `type`, naming each of its fields. */
export type Layouts<Union extends { readonly type: string }> = {
  readonly [Type in Union["type"]]: Layout & {
    readonly fields: Readonly<
      Record<Exclude<keyof Extract<Union, { type: Type }>, "type">, FieldKind>
    >;
  };
};
