import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { checkLogo, pngPixels, wrong } from "../../core/tenants/logo.ts";

const unpack = promisify(inflate);

/**
 * Checks a logo that is set: its type, its sizes, and that it unpacks to no more than the pixels it says it has. Whoever
 * writes a report unpacks it.
 * @param url undefined where there is none
 * @throws DomainError `tenant.invalid-logo`
 */
export async function checkNewLogo(url: string | undefined): Promise<void> {
  if (url === undefined) return;
  const logo = checkLogo(url);
  if (logo.extension !== "png") return;
  const pixels = pngPixels(logo);
  try {
    await unpack(Buffer.concat(pixels.packed), { maxOutputLength: pixels.bytes });
  } catch (error) {
    const tooMuch = error instanceof RangeError;
    throw wrong(
      tooMuch ? "Its pixels unpack to more than its size says" : "Its PNG ends early or is damaged",
      error,
    );
  }
}
