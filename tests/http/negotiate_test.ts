import { assertEquals } from "@std/assert";
import { preferredType } from "../../lib/http/negotiate.ts";

const json = "application/json", events = "text/event-stream", html = "text/html";
const offered = [json, events, html];

const choices: [who: string, accept: string | undefined, type: string][] = [
  ["nobody", undefined, json],
  ["an empty field", "", json],
  ["curl", "*/*", json],
  ["Deno's fetch", "*/*", json],
  [
    "Chromium",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8," +
    "application/signed-exchange;v=b3;q=0.7",
    html,
  ],
  ["Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", html],
  ["an old browser", "text/html, application/xhtml+xml, */*", html],
  ["EventSource", "text/event-stream", events],
  ["a library for events", "text/event-stream, */*", events],
  ["a client of an API", "application/json", json],
  ["another", "application/json, text/plain, */*", json],
  ["whoever takes both alike", "text/event-stream, application/json", json],
  ["whoever likes events better", "application/json;q=0.5, text/event-stream", events],
  ["any case", "TEXT/HTML;Q=1, Application/JSON;q=0.9", html],
  ["white space", " text/html ; q=0.2 , text/event-stream ; q=0.3 ", events],
  ["a parameter", "text/html;level=1", html],
  ["a whole type", "text/*", events],
  ["a whole type, less one", "text/*, text/event-stream;q=0", html],
  ["everything but JSON", "application/json;q=0, */*", events],
  ["everything but JSON and events", "application/json;q=0, text/event-stream;q=0, */*", html],
  ["the most specific range wins", "text/html;q=0.1, text/*;q=0.9, */*;q=0.5", events],
  ["three digits", "text/html;q=0.001, application/json;q=0", html],
  ["the smallest difference", "text/html;q=0.5, */*;q=0.501", json],
  ["the smallest quality by wildcard", "*/*;q=0.001", json],
  ["nothing that is here", "image/png", json],
  ["nothing at all", "*/*;q=0", json],
  ["a quality that is none", "text/html;q=x, text/event-stream;q=2, application/json;q=-1", json],
  ["names of Object.prototype", "__proto__, constructor", json],
];
for (const [who, accept, type] of choices) {
  Deno.test(`${who} (${accept}) gets ${type}`, () => {
    assertEquals(preferredType(accept, offered), type);
  });
}

Deno.test("preferredType() takes 16 KiB of commas, or of ranges, in milliseconds", () => {
  const began = performance.now();
  for (const piece of [",", ";", "a/b,", "*/*;q=0.1,", "text/html;q="]) {
    preferredType(piece.repeat(16384 / piece.length), offered);
  }
  assertEquals(performance.now() - began < 200, true);
});
