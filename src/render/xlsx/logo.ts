/** A tenant's logo, ready to embed; size in pixels. */
export interface Logo {
  bytes: Uint8Array;
  extension: "png" | "jpeg";
  width: number;
  height: number;
}

/** @returns undefined when the data URL holds no PNG or JPEG whose size can be read */
export function parseLogo(url: string): Logo | undefined {
  const base64 = /^data:image\/(?:png|jpe?g);base64,(.+)$/s.exec(url)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  const size = pngSize(bytes) ?? jpegSize(bytes);
  if (size === undefined || size.width === 0 || size.height === 0) return undefined;
  return { bytes, ...size };
}

type Size = Pick<Logo, "extension" | "width" | "height">;

/** PNG (ISO 15948): the signature, then the IHDR chunk. */
function pngSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 24 || bytes.readUInt32BE(0) !== 0x89504e47) return undefined;
  return { extension: "png", width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** JPEG (ITU T.81, annex B): the first start-of-frame segment has height and width. */
function jpegSize(bytes: Buffer): Size | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { extension: "jpeg", height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
