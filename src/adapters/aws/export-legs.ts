import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { deserialize, serialize } from "node:v8";
import { deflateRaw, inflateRaw } from "node:zlib";
import { DomainError } from "../../core/errors/errors.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ExportLeg, ExportLegs } from "../../ports/export-files.ts";
import type { Dynamo, Item } from "./dynamo.ts";
import { EXPIRES, isExpired, number, numberOf, packed, text, textOf, unpacked } from "./items.ts";
import type { ObjectStore } from "./object-store.ts";
import { ConditionFailed } from "./retry.ts";
import type { Upload, UploadState } from "./upload.ts";

/** Beside the job's record: the leg to be written next, who has taken it, and until when nobody else may. */
const LEG = "leg";
const TAKER = "leg_taker";
const UNTIL = "leg_until";

/** Where a job and its parts are. */
export interface LegPlace {
  dynamo: Dynamo;
  table: string;
  objects: ObjectStore;
  clock: Clock;
  key: Item;
  /** Key of the file. */
  object: string;
  /** Under this are the checkpoints, by number of the leg that begins there. */
  checkpoints: string;
}

/** A job's record, key aside. */
function jobItem(job: ExportJob): Item {
  return {
    created_at: text(job.createdAt),
    [EXPIRES]: number(Math.ceil(Date.parse(job.expiresAt) / 1000)),
    body: packed(job),
  };
}

interface Saved {
  upload: UploadState;
  checkpoint: unknown;
}

/**
 * Legs of files in a bucket: a multipart upload that goes on, and a checkpoint object with what is no part yet. Whose
 * turn it is is a conditional write on the job's record, so an event that comes twice finds its leg taken.
 */
export class AwsLegs implements ExportLegs {
  readonly #place: (id: string) => LegPlace;

  constructor(place: (id: string) => LegPlace) {
    this.#place = place;
  }

  async take(id: string, milliseconds: number): Promise<ExportLeg | undefined> {
    const place = this.#place(id);
    const { dynamo, table, key, clock } = place;
    const taker = randomUUID();
    const now = clock.now();
    let item: Item | undefined;
    try {
      item = await dynamo.update({
        TableName: table,
        Key: key,
        UpdateExpression: "SET #taker = :taker, #until = :until",
        // The taker is new, so the third is only true of a call that is repeated because its answer was lost.
        ConditionExpression:
          "attribute_exists(body) AND (attribute_not_exists(#until) OR #until < :now OR #taker = :taker)",
        ExpressionAttributeNames: { "#taker": TAKER, "#until": UNTIL },
        ExpressionAttributeValues: {
          ":taker": text(taker),
          ":until": number(now.getTime() + milliseconds),
          ":now": number(now.getTime()),
        },
        ReturnValues: "ALL_NEW",
      });
    } catch (error) {
      if (error instanceof ConditionFailed) return undefined;
      throw error;
    }
    if (item === undefined || isExpired(item, now)) return undefined;
    const job = unpacked(item, "body") as ExportJob;
    if (job.status !== "running") return undefined;
    const leg = numberOf(item, LEG) ?? 0;
    const saved = leg === 0 ? undefined : await readCheckpoint(place, leg);
    return new AwsLeg(place, { job, number: leg, taker, until: now.getTime() + milliseconds }, saved);
  }
}

interface Taken {
  job: ExportJob;
  number: number;
  taker: string;
  until: number;
}

class AwsLeg implements ExportLeg {
  readonly job: ExportJob;
  readonly number: number;
  readonly checkpoint: unknown;
  readonly #place: LegPlace;
  readonly #taken: Taken;
  #upload: Upload;
  #completed = false;
  #ended = false;

  constructor(place: LegPlace, taken: Taken, saved: Saved | undefined) {
    this.#place = place;
    this.#taken = taken;
    this.job = taken.job;
    this.number = taken.number;
    this.checkpoint = saved?.checkpoint;
    this.#upload = place.objects.upload(place.object, saved?.upload);
  }

  async add(bytes: Uint8Array): Promise<void> {
    await this.#upload.add(bytes);
  }

  async tell(job: ExportJob): Promise<void> {
    const { number: leg, taker, until } = this.#taken;
    await this.#put(job, { [LEG]: number(leg), [TAKER]: text(taker), [UNTIL]: number(until) });
  }

  async leave(job: ExportJob, checkpoint: unknown): Promise<void> {
    const next = this.number + 1;
    const upload = await this.#upload.state();
    if (this.#ended) throw legLost("The export has ended", undefined);
    await writeCheckpoint(this.#place, next, { upload, checkpoint });
    const { taker } = this.#taken;
    await this.#put(job, { [LEG]: number(next), [TAKER]: text(taker), [UNTIL]: number(0) });
    await removeCheckpoint(this.#place, this.number).catch(() => undefined);
  }

  async startOver(): Promise<void> {
    const { objects, object } = this.#place;
    await this.#upload.abort();
    this.#upload = objects.upload(object);
  }

  async complete(): Promise<number> {
    if (this.#ended) throw legLost("The export has ended", undefined);
    const bytes = await this.#upload.complete();
    this.#completed = true;
    return bytes;
  }

  async end(job: ExportJob): Promise<void> {
    this.#ended = true;
    await this.#put(job, {});
    // The record counts; what is not freed now is found by the daily housekeeping.
    const freed = [removeCheckpoint(this.#place, this.number)];
    if (!this.#completed) freed.push(this.#upload.abort());
    await Promise.allSettled(freed);
  }

  /** Replaces the record as long as this leg is its own. */
  async #put(job: ExportJob, attributes: Item): Promise<void> {
    const { dynamo, table, key } = this.#place;
    try {
      await dynamo.put({
        TableName: table,
        Item: { ...key, ...jobItem(job), ...attributes },
        ConditionExpression: "#taker = :taker",
        ExpressionAttributeNames: { "#taker": TAKER },
        ExpressionAttributeValues: { ":taker": text(this.#taken.taker) },
      });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      await this.#refused(error);
    }
  }

  /** The record is gone, another process has the leg, or it was this write that changed it and its answer was lost. */
  async #refused(cause: ConditionFailed): Promise<void> {
    const { dynamo, table, key, objects, object } = this.#place;
    const item = await dynamo.get(table, key);
    const taker = item && textOf(item, TAKER);
    if (cause.ambiguous && item !== undefined && taker === undefined) return;
    if (item === undefined) {
      await this.#upload.abort().catch(() => undefined);
      if (this.#completed) await objects.remove(object).catch(() => undefined);
      for (const leg of [this.number, this.number + 1])
        await removeCheckpoint(this.#place, leg).catch(() => undefined);
    }
    const what =
      item === undefined ? "The export was removed while it was written" : "The export is another's";
    throw legLost(what, cause);
  }
}

function legLost(what: string, cause: unknown): DomainError {
  return new DomainError("export.leg-lost", "conflict", what, {
    fix: "Ask for the export to see what became of it.",
    cause,
  });
}

/** Frees what the legs of a job have left: parts of its file, and the checkpoint. */
export async function forgetLegs(place: LegPlace): Promise<void> {
  const { dynamo, table, key, objects, object } = place;
  const item = await dynamo.get(table, key);
  const leg = item && numberOf(item, LEG);
  if (leg === undefined || leg === 0) return;
  const saved = await readCheckpoint(place, leg);
  if (saved?.upload.id !== undefined) await objects.abortUpload(object, saved.upload.id);
  await removeCheckpoint(place, leg);
}

const deflate = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
const inflate = promisify<Uint8Array, Buffer>(inflateRaw);

async function writeCheckpoint(place: LegPlace, leg: number, saved: Saved): Promise<void> {
  const bytes = await deflate(serialize(saved), { level: 1 });
  await place.objects.write(place.checkpoints + String(leg), single(bytes));
}

/** @returns undefined when there is none, or none that this version of Node.js can read */
async function readCheckpoint(place: LegPlace, leg: number): Promise<Saved | undefined> {
  const content = await place.objects.read(place.checkpoints + String(leg));
  if (content === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  try {
    return deserialize(await inflate(Buffer.concat(chunks))) as Saved;
  } catch {
    return undefined;
  }
}

async function removeCheckpoint(place: LegPlace, leg: number): Promise<void> {
  if (leg > 0) await place.objects.remove(place.checkpoints + String(leg));
}

// eslint-disable-next-line @typescript-eslint/require-await -- the bytes are here already
async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
