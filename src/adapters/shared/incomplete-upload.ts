import { DomainError } from "../../core/errors/errors.ts";

/** @param found bytes that are there; undefined when the file is not */
export function incompleteUpload(name: string, size: number, found: number | undefined): DomainError {
  const what = found === undefined ? "has not arrived" : `has ${found} bytes and not ${size}`;
  return new DomainError("upload.incomplete", "unprocessable", `The file ${name} of the upload ${what}`, {
    fix: "Send it to its address again, then import the upload.",
  });
}
