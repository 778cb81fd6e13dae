/**
 * Reads the examples of a document, and runs them.
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { addressOf, ask, requestBytes, type RequestFields, Subscriber } from "./channels.ts";
import { RawClient, textOf } from "./raw.ts";
import { type TestService, testService } from "./service.ts";
import { sign } from "./tokens.ts";

/** A fenced block, or a comment that says something of those behind it. */
export interface Part {
  /** `http`, `websocket`, `js`; `server` and `token` of comments. */
  kind: string;
  /** What is in it. */
  text: string;
  /** Its line in the document. */
  line: number;
}

/** The parts of a document, in their order. */
export function partsOf(document: string): Part[] {
  const pattern = /^```(\w+)\n([\s\S]*?)^```$|^<!-- (server|token): ?(.*?) ?-->$/gm;
  return [...document.matchAll(pattern)].map((match) => ({
    kind: match[1] ?? match[3]!,
    text: match[2] ?? match[4]!,
    line: document.slice(0, match.index).split("\n").length,
  }));
}

/** What the ids of a document begin with. */
const EPOCH = "x7";

/** Runs examples, one behind the other, against a server of their own. */
export class Examples implements AsyncDisposable {
  #service: TestService;
  #secret = "";
  #token = "";
  /** How the server's ids begin. */
  #epoch = "";

  private constructor(service: TestService) {
    this.#service = service;
  }

  /** With a server that has no flags. */
  static async begin(): Promise<Examples> {
    return new Examples(await testService("--drain", "50ms"));
  }

  /** Starts another server. */
  async serve(flags: string): Promise<void> {
    await this.#service.shutdown();
    this.#service = await testService(
      "--drain",
      "50ms",
      ...flags.split(" ").filter((f) => f !== ""),
    );
    this.#secret = /--secret (\S+)/.exec(flags)?.[1] ?? "";
    this.#epoch = "";
  }

  /** Makes a token of these claims. */
  async token(claims: string): Promise<void> {
    this.#token = await sign(JSON.parse(claims), new TextEncoder().encode(this.#secret));
  }

  /** Sends a request, and compares what is said of the answer. */
  async http(request: string, response: string): Promise<void> {
    const { line, fields, body } = await this.#read(request);
    const method = line.replace(/ HTTP\/1.1$/, "");
    const text = fields.Accept === "text/event-stream"
      ? await this.#begin(method, fields, response)
      : undefined;
    const expected = await this.#read(response);
    const status = Number(/^HTTP\/1\.1 (\d+) /.exec(expected.line)?.[1]);
    if (text !== undefined) {
      assertMatch(text, new RegExp(`^HTTP/1.1 ${status} `));
      for (const [name, value] of Object.entries(expected.fields)) {
        assertEquals(new RegExp(`^${name}: (.*)\r$`, "m").exec(text)?.[1], value);
      }
      assertEquals(text.split("\r\n\r\n")[1]?.trimEnd(), expected.body.trimEnd());
      return;
    }
    const answer = await ask(this.#service, method, fields, body === "" ? undefined : body);
    assertEquals(answer.status, status);
    for (const [name, value] of Object.entries(expected.fields)) {
      assertEquals(answer.headers.get(name.toLowerCase()), value, name);
    }
    assertEquals(answer.body.trimEnd(), expected.body.trimEnd());
  }

  /** Goes through a dialogue. */
  async webSocket(dialogue: string): Promise<void> {
    const at = dialogue.indexOf("\n\n");
    const { line, fields } = await this.#read(dialogue.slice(0, at + 1));
    using client = await Subscriber.open(this.#service, line.replace("GET ", ""), fields);
    const lines = dialogue.slice(at + 2).trimEnd().split("\n");
    for (const said of lines) {
      const text = await this.#real(said.slice(2));
      if (said[0] === "<") assertEquals(await client.text(), text);
      else if (said[0] === ">") await client.say(text);
      else await this.#elsewhere(text);
    }
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.shutdown();
  }

  async #elsewhere(text: string): Promise<void> {
    const [, line = "", type, body = ""] = /^(\S+ \S+) (?:(\w+\/\S+) )?(.*)$/.exec(text) ?? [];
    const posted = line.startsWith("POST");
    const fields = { "Content-Type": type };
    const answer = await ask(this.#service, line, fields, posted ? body : undefined);
    assertEquals(answer.status, 200);
    if (!posted) assertEquals(answer.body.trimEnd(), body);
  }

  /** Reads as much of a response without an end as is shown. */
  async #begin(line: string, fields: RequestFields, response: string): Promise<string> {
    const events = response.match(/^id: /gm)!.length;
    using client = await RawClient.connect(addressOf(this.#service.port));
    await client.send(requestBytes(this.#service.port, line, fields));
    const enough = (bytes: Uint8Array) =>
      (textOf(bytes).split("\r\n\r\n")[1] ?? "").split("\n\n").length > events;
    const text = new TextDecoder().decode(await client.until(enough));
    // Each event is a chunk of its own (RFC 9112, 7.1); what is shown is the events.
    return text.replace(
      /(\r\n\r\n|\n\n\r\n)[0-9a-f]+\r\n/g,
      (_, end) => end.replace("\n\n\r\n", "\n\n"),
    );
  }

  async #read(text: string): Promise<{ line: string; fields: RequestFields; body: string }> {
    const [head = "", body = ""] = (await this.#real(text)).split(/\n\n([\s\S]*)/);
    const [line = "", ...fields] = head.trimEnd().split("\n");
    const pairs = fields.map((f) => [f.slice(0, f.indexOf(":")), f.slice(f.indexOf(":") + 2)]);
    return { line, fields: Object.fromEntries(pairs), body: body.replace(/\n$/, "") };
  }

  /** What stands for an id, or for a token, replaced by a real one. */
  async #real(text: string): Promise<string> {
    if (this.#epoch === "") {
      const { open } = JSON.parse((await ask(this.#service, "GET /public/x")).body);
      this.#epoch = open.split(".")[0];
    }
    return text.replaceAll(`${EPOCH}.`, `${this.#epoch}.`).replaceAll("TOKEN", this.#token);
  }
}
