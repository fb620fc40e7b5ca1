/** fontkit ships no types; what is used of a font is described in `program.ts`. */
declare module "fontkit" {
  /** @throws Error when the bytes are no font it knows */
  export function create(bytes: Uint8Array): unknown;
}
