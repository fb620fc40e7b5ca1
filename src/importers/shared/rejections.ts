import { MAX_LISTED_REJECTIONS, type Rejection, type RejectionLog } from "../../ports/load.ts";

/** Counts every rejection and keeps the first ones for the report. */
export class Rejections implements RejectionLog {
  count = 0;
  readonly kept: Rejection[] = [];

  add(rejection: Rejection): void {
    this.count++;
    if (this.kept.length < MAX_LISTED_REJECTIONS) this.kept.push(rejection);
  }
}
