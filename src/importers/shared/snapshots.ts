import type { InputFile } from "../../ports/load.ts";

const DATED = /\d{4}-\d{2}-\d{2}|\d{8}/;
const PART_NUMBER = /[-_.](?:part|page|chunk)?[-_.]?\d{1,5}(?=\.[^/\\]*$)/i;

/**
 * Files that are one snapshot together. A scanner writes a file a scan, so a file is a snapshot of its own; a long
 * list that was written in parts (`findings-1.json`, `findings-2.json`) is one. Names with a date in them are never
 * parts of each other, since a date's last digits look like a part's number.
 */
export function snapshotGroups(files: readonly InputFile[]): InputFile[][] {
  const groups = new Map<string, InputFile[]>();
  files.forEach((file, i) => {
    const isPart = PART_NUMBER.test(file.name) && !DATED.test(file.name);
    const key = isPart ? file.name.replace(PART_NUMBER, "") : `${i} ${file.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  });
  return [...groups.values()];
}
