// What the server tells by itself: its pulse, and with it the world's time between two beats.
import { beat as askBeat, hasToken } from "./api.js";

const SECONDS_BETWEEN_ASKS = 1;

export class Feed {
  #heard = 0;
  #listeners = new Set();
  beat = null;
  state = "connecting";

  /** `listener(feed)` is called at every beat, and when the connection comes or goes. */
  listen(listener) {
    this.#listeners.add(listener);
  }

  start() {
    // An EventSource cannot bring a token: then the page asks.
    if (hasToken()) this.#ask();
    else this.#subscribe();
  }

  /** The world's time now, in seconds since the epoch. */
  now() {
    if (!this.beat) return Date.now() / 1000;
    const rate = this.beat.clock === "real" && !this.beat.frozen ? 1 : 0;
    return this.beat.now + (rate * (performance.now() - this.#heard)) / 1000;
  }

  take(beat) {
    this.beat = beat;
    this.#heard = performance.now();
    this.#tell("live");
  }

  #tell(state) {
    this.state = state;
    for (const listener of this.#listeners) listener(this);
  }

  #subscribe() {
    const source = new EventSource("console/pulse");
    source.addEventListener("beat", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("open", () => this.#tell("live"));
    source.addEventListener("error", () => {
      this.#tell("lost");
      // A server that answers with an error ends the source for good; one that is gone does not.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#subscribe(), 1000);
    });
  }

  async #ask() {
    try {
      this.take(await askBeat());
    } catch {
      this.#tell("lost");
    }
    setTimeout(() => this.#ask(), SECONDS_BETWEEN_ASKS * 1000);
  }
}
