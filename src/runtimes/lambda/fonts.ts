import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The package in the layer that holds the fonts. */
export const FONTS_PACKAGE = "securebase-fonts";

/**
 * The folder of the layer's fonts. Lambda puts the layer's `nodejs/node_modules` on NODE_PATH, which only `require`
 * looks at.
 * @throws Error when the layer is missing
 */
export function layerFonts(): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${FONTS_PACKAGE}/package.json`)), "fonts");
}
