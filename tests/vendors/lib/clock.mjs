// The vendors' libraries read the machine's clock; a case has a moment of its own.

const RealDate = Date;

/** Runs `f` while the clock stands at `ms`. */
export async function at(ms, f) {
  class Standing extends RealDate {
    constructor(...given) {
      if (given.length === 0) super(ms);
      else super(...given);
    }
    static now() {
      return ms;
    }
  }
  globalThis.Date = Standing;
  try {
    return await f();
  } finally {
    globalThis.Date = RealDate;
  }
}
