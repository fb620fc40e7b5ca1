import { shorten } from "../errors/bounded.ts";
import { type DomainError, invalid } from "../errors/errors.ts";

/** Most bytes of a logo; it is part of every PDF and XLSX file. */
export const MAX_LOGO_BYTES = 256 * 1024;
/** Most pixels on a side, and in all: unpacked, each takes up to eight bytes. */
const MAX_SIDE = 4_096;
const MAX_PIXELS = 4_000_000;

/** A tenant's logo, ready to embed; size in pixels. */
export interface Logo {
  bytes: Uint8Array;
  extension: "png" | "jpeg";
  width: number;
  height: number;
}

/** @returns undefined when the data URL holds no PNG or JPEG of a size that a logo may have */
export function parseLogo(url: string): Logo | undefined {
  try {
    return checkLogo(url);
  } catch {
    return undefined;
  }
}

/**
 * Reads a logo from its data URL: what it is, by its content, and how large.
 * @throws DomainError `tenant.invalid-logo`
 */
export function checkLogo(url: string): Logo {
  const [, type, base64 = ""] = /^data:image\/(png|jpe?g);base64,([A-Za-z0-9+/]+={0,2})$/.exec(url) ?? [];
  if (type === undefined) throw wrong(`"${shorten(url, 40)}" is no data: URL of a PNG or JPEG in base64`);
  if (base64.length > Math.ceil(MAX_LOGO_BYTES / 3) * 4)
    throw wrong(`It has more than ${MAX_LOGO_BYTES / 1024} KiB`);
  const bytes = bytesOf(base64);
  const size = type === "png" ? pngSize(bytes) : jpegSize(bytes);
  if (size === undefined) throw wrong(`Its content is no ${type === "png" ? "PNG" : "JPEG"}`);
  const { width, height } = size;
  if (width === 0 || height === 0) throw wrong("It has no pixels");
  if (width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS) {
    throw wrong(
      `It has ${width} × ${height} pixels; at most ${MAX_SIDE} on a side and ${MAX_PIXELS / 1e6} million in all are allowed`,
    );
  }
  return { bytes, ...size };
}

export function wrong(what: string, cause?: unknown): DomainError {
  return invalid("tenant.invalid-logo", `The logo cannot be used. ${what}.`, {
    field: "branding.logo",
    fix: "Give a PNG or JPEG of at most 256 KiB as a data: URL, for example data:image/png;base64,…",
    cause,
  });
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (error) {
    throw wrong("Its base64 cannot be read", error);
  }
}

type Size = Pick<Logo, "extension" | "width" | "height">;

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Channels of each PNG colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** PNG (ISO 15948): the signature, then the IHDR chunk. */
function pngSize(bytes: Uint8Array): Size | undefined {
  const view = viewOf(bytes);
  if (bytes.length < 33 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return undefined;
  if (view.getUint32(12) !== 0x49484452) return undefined;
  return { extension: "png", width: view.getUint32(16), height: view.getUint32(20) };
}

/**
 * The pixels of a PNG as they are packed, and how many bytes they have unpacked at most.
 * @throws DomainError `tenant.invalid-logo` when its chunks cannot be told apart
 */
export function pngPixels({ bytes, width, height }: Logo): { packed: Uint8Array[]; bytes: number } {
  const view = viewOf(bytes);
  const [depth = 8, color = 0, , , interlaced = 0] = bytes.subarray(24, 29);
  const row = 1 + Math.ceil((width * (CHANNELS[color] ?? 4) * depth) / 8);
  const packed: Uint8Array[] = [];
  for (let at = 8; at < bytes.length; at += 12 + view.getUint32(at)) {
    if (at + 12 > bytes.length || at + 12 + view.getUint32(at) > bytes.length)
      throw wrong("Its PNG ends early or is damaged");
    if (view.getUint32(at + 4) === 0x49444154)
      packed.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  // Seven interlaced images have more rows than the one they make, and each begins with a byte.
  return { packed, bytes: row * height + (interlaced === 0 ? 0 : 2 * (height + 8) + row * 2) };
}

/** JPEG (ITU T.81, annex B): the first start-of-frame segment has height and width. */
function jpegSize(bytes: Uint8Array): Size | undefined {
  const view = viewOf(bytes);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { extension: "jpeg", height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
