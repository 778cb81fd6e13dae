/**
 * A listener that writes down what an engine tells it.
 * @module
 */
import type { EngineListener } from "../../lib/hub/engine.ts";
import { word } from "../../lib/testing/engine_suite.ts";

/** Writes down what it is told. */
export class Ear implements EngineListener {
  readonly heard: string[] = [];
  message = (message: Parameters<EngineListener["message"]>[0]) =>
    void this.heard.push(word(message));
  lost = (reason: string, open: string) => void this.heard.push(`lost ${reason} ${open}`);
  reachable = (why: string | undefined) => {
    this.heard.push(why ?? "reachable");
    this.#told.resolve();
    this.#told = Promise.withResolvers<void>();
  };
  #told = Promise.withResolvers<void>();
  /** Waits until it is told how things stand. */
  async said(wanted: string) {
    while (!this.heard.includes(wanted)) await this.#told.promise;
  }
  take() {
    return this.heard.splice(0);
  }
}
