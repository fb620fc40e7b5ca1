import { fileURLToPath } from "node:url";

/** The folder of the fonts that PDFs are set in, as it comes with this package. */
export const FONT_FOLDER = fileURLToPath(new URL("../render/pdf/fonts", import.meta.url));
