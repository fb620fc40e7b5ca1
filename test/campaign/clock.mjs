/**
 * Loaded into a server before anything else: its wall clock can be moved by a message `{ "clock": milliseconds }`, as an
 * administrator or a virtual machine moves a real one. Timers and the monotonic clock go on as they were.
 */
let offset = 0;
const RealDate = Date;

globalThis.Date = class Date extends RealDate {
  constructor(...values) {
    if (values.length === 0) super(RealDate.now() + offset);
    else super(...values);
  }

  static now() {
    return RealDate.now() + offset;
  }
};

process.on("message", (message) => {
  if (typeof message?.clock === "number") offset += message.clock;
});
process.channel?.unref();
