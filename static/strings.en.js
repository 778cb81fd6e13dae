// Every sentence of the page, in English. strings.ja.js has the same keys.

const number = new Intl.NumberFormat("en");
const time = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const bytes = (n) => n === 1 ? "1 byte" : `${number.format(n)} bytes`;

/** What the common close codes mean (RFC 6455, 7.4.1). */
const closeReasons = {
  1000: "normal",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code given",
  1006: "cut off",
  1007: "invalid text",
  1008: "against a rule",
  1009: "message too big",
  1011: "server fault",
  1012: "restarting",
  1013: "try again later",
};

const closed = (code, reason) => {
  const meaning = reason || closeReasons[code];
  return meaning ? `${code}, ${meaning}` : `${code}`;
};

/** Of which channels something is missing, and why. */
const gaps = (channels) =>
  Object.entries(channels).map(([name, why]) => `/${name} (${why})`).join(", ");

export const strings = {
  page: {
    motto: "One curl publishes. Every page hears it at once.",
    preferences: "Preferences",
    docs: "Docs",
    language: "Language",
    theme: "Theme",
    connection: "Connection",
    views: "Views",
    talk: "Talk",
    handshake: "Handshake",
    frames: "Frames",
    received: "received",
    sent: "sent",
    talkTo: "Talk to",
    ticker: "Ticker",
    echo: "Echo",
    channel: "Channel",
    answer: "Answer each echo",
    answerAs: "as in",
    echoHint: "Whatever you send comes back as it was.",
    channelName: "Channel name",
    mode: "Frames carry",
    raw: "the message, raw",
    envelope: "a JSON envelope",
    since: "Since",
    token: "Token",
    tokenHint: "a JWT, kept in this tab",
    messages: "Messages",
    filter: "Filter messages",
    filterHint: "Filter",
    pause: "Pause",
    copy: "Copy",
    clear: "Clear",
    logHint: "New messages are read out while the list has the focus.",
    file: "File",
    send: "Send",
    copyCurl: "Copy curl",
    chosenFrame: "The chosen frame",
    whatIf: "What happens if",
    tryIt: "Try it",
  },
  themes: { system: "as the system", light: "light", dark: "dark" },
  theme: (name) => `Theme: ${name}`,
  states: {
    connecting: "Connecting",
    open: "Open",
    closing: "Closing",
    waiting: "Closed",
    closed: "Closed",
  },
  refused: "Refused",
  connect: "Connect",
  disconnect: "Disconnect",
  closed,
  retryIn: (seconds) => `Retry in ${seconds} s`,
  since: (at) => `since ${time.format(at)}`,
  count: (n) => number.format(n),
  bytes,
  talk: {
    latest: (unseen) => unseen > 0 ? `${number.format(unseen)} new` : "Latest",
    resume: (held) => held > 0 ? `Resume (${number.format(held)})` : "Resume",
    copied: "Copied",
    sayTo: (where) => `Message ${where}`,
    textTo: (where) => `Text to send to ${where}`,
    sendTo: (where) => `Send to ${where}`,
    fileTo: (where) => `File to ${where}`,
    lead: (path) => `Run this, and every page on ${path} has it:`,
    open: (path) => `Open ${path}`,
    kinds: {
      ticker: "echo 1, echo 2, … from the server",
      echo: "what you send comes back",
      channel: "which one?",
    },
    watching: ({ mode, since }) => {
      if (since === "") return mode === "raw" ? "live, raw" : "live, in envelopes";
      if (since === "all") return "all that is remembered, and live";
      return /^\d+(ms|s|m|h)$/.test(since) ? `the last ${since}, and live` : `from ${since} on`;
    },
    nothing: ({ since }) => {
      const when = since === ""
        ? "yet"
        : /^\d+m$/.test(since)
        ? `in the last ${since}`
        : "since then";
      return `Nothing was published ${when}. Run the line above, or say something below.`;
    },
    earlier: "earlier",
    earlierNote: "Published before this page watched",
    characters: (n) => `${number.format(n)} characters`,
    unfold: (size) => `Show all ${size}`,
    foldUp: (size) => `Fold these ${size}`,
    opened: (path) => `open ${path}`,
    closedWith: (code, reason) => `closed ${closed(code, reason)}`,
    cut: (characters) => `… ${number.format(characters)} characters in all`,
    binary: (n, hex) => `binary, ${bytes(n)}: ${hex}`,
    refused: (why) => `refused: ${why}`,
    lost: (channels) => `something was missed: ${gaps(channels)}`,
    name: "Letters, digits and _ . ~ @ : = ! - in segments joined by /; commas between names.",
  },
  members: {
    name: (sub, n) => n === 1 ? sub : `${sub} (${number.format(n)})`,
    there: (n, names, more, nameless) => {
      const all = [...names];
      if (more > 0) all.push(`${number.format(more)} more`);
      if (nameless > 0 && all.length > 0) all.push(`${number.format(nameless)} without a name`);
      const count = n === 1 ? "1 connection" : `${number.format(n)} connections`;
      return all.length > 0 ? `${count}: ${all.join(", ")}` : count;
    },
  },
  tap: {
    waiting: "Waiting for the wire …",
    off:
      "This server does not show its wire; here are the RFC’s own examples. Everything else works.",
    gone: "The wire is out of sight, since what showed it has closed; connect again to see it.",
    lost: (n) => `${number.format(n)} ${n === 1 ? "thing" : "things"} went by too fast to be shown`,
  },
  handshake: {
    request: "The browser asks",
    response: "The server answers",
    accept: "How the accept value comes about",
    agreed: "What was agreed",
    example: "With the RFC’s own key:",
    first: {
      request: "An ordinary HTTP/1.1 request, so that it passes where HTTP passes.",
      response: "101: from the next byte on, both speak WebSocket.",
    },
    fields: {
      host: "Which server is meant; Kodama refuses names that are not its own.",
      upgrade: "Let us speak WebSocket instead.",
      connection: "The upgrade is for this one connection, not to be passed on.",
      "sec-websocket-key":
        "16 random bytes in base64, new each time. No secret: a proof that the answer is to this very question.",
      "sec-websocket-version": "13 is RFC 6455.",
      "sec-websocket-extensions": "Extensions: offered by the browser, chosen by the server.",
      "sec-websocket-protocol": "Subprotocols: what the messages will mean.",
      "sec-websocket-accept": "Made from the key: only who understood the question has it.",
      origin: "The page that asks, told by the browser. Kodama refuses strangers’ pages.",
      cookie: "Hidden here.",
      authorization: "Hidden here.",
    },
    others: (n) => `${n} more ${n === 1 ? "field" : "fields"}`,
    steps: {
      key: "The key of the request",
      guid: "with the RFC’s fixed GUID behind it",
      sha1: "SHA-1 of these 60 characters: 20 bytes",
      base64: "in base64",
      received: "Sec-WebSocket-Accept as received",
    },
    equal: "The same: this server understood.",
    different: "Not the same: the browser fails such a connection.",
    noCrypto: "Web Crypto needs HTTPS or localhost, so nothing is computed here.",
    deflate:
      "permessage-deflate: messages may be compressed (RFC 7692). A compressed one has RSV1 set.",
    noDeflate: "No extension: every message is sent as it is.",
    parameters: {
      server_no_context_takeover:
        "The server compresses each message by itself, so all subscribers can share one.",
      client_no_context_takeover: "The browser compresses each message by itself.",
      server_max_window_bits: "The server looks back no further than 2ⁿ bytes.",
      client_max_window_bits: "The browser looks back no further than 2ⁿ bytes.",
    },
    protocol: (name) => `Subprotocol ${name}: messages are JSON envelopes.`,
    noProtocol: "No subprotocol: messages mean what the two think they mean.",
    tapped:
      "The request line has two parameters more, by which this page sees this connection; they are left out here.",
  },
  opcodes: {
    0: "continuation",
    1: "text",
    2: "binary",
    8: "close",
    9: "ping",
    10: "pong",
  },
  unknownOpcode: "reserved",
  frames: {
    way: { in: "Browser → server", out: "Server → browser" },
    stranger: (n) => `connection ${n}`,
    empty: "No frame yet.",
    fragment: (n) => `fragment ${n}`,
    last: (n) => `fragment ${n}, the last`,
    compressed: "deflated",
    after: (ms) => `${number.format(ms)} ms after the request`,
    from: { what: "what if", link: "from the link" },
    newest: (n) => n > 0 ? `${number.format(n)} newer` : "Newest",
    copyLink: "Copy link",
    bits: "Bits",
    bitsHint: "Left and right arrow keys go from field to field.",
    more: (n) => `and ${bytes(n)} more`,
    oneBit: "1 bit",
    bitCount: (n) => `${number.format(n)} bits`,
    bitsOf: (count) => ` (${count}) — `,
    payload: "Payload",
    noPayload: "No payload.",
    cut: (shown, all) => `The first ${bytes(shown)} of ${number.format(all)} are shown.`,
    tableCut: (shown) => `The first ${bytes(shown)} are drawn.`,
    wire: "on the wire",
    keyRow: "⊕ key",
    plain: "= plain",
    text: "text",
    keyField: "Masking key",
    anotherKey: "Another key",
    asSent: "As sent",
    keyHint: "Another key gives other bytes on the wire, and the same message.",
    utf8: "As UTF-8",
    notUtf8: "These bytes are not whole UTF-8 text.",
    binary: "Binary: bytes without a given meaning.",
    inflated: (from, to) => `Inflated, ${bytes(from)} to ${number.format(to)}`,
    inflating: "This payload is compressed; inflating it …",
    notAlone:
      "Compressed with the help of earlier messages (context takeover), which are not all here.",
    notWhole: "Compressed, and one part of a message: it inflates once the last fragment is here.",
    notAll: "Compressed, and longer than what is shown, so it cannot be inflated here.",
    broken: "Compressed, but it does not inflate.",
    joined: (n) => `The whole message, of ${n} fragments`,
    noCode: "No code: the connection closes without a word.",
    closeCode: (code, reason) => `Code ${closed(code, "")}${reason ? `; reason: “${reason}”` : ""}`,
    ping: "Are you there? The other side sends the same bytes back as a pong.",
    pong: "I am here.",
  },
  fields: {
    fin: "FIN",
    rsv1: "RSV1",
    rsv2: "RSV2",
    rsv3: "RSV3",
    opcode: "opcode",
    mask: "MASK",
    length: "length",
    length16: "length, 16 bits",
    length64: "length, 64 bits",
    key: "masking key",
    payload: "payload",
  },
  meanings: {
    fin: (on) =>
      on ? "1: the message ends with this frame." : "0: more fragments of this message follow.",
    rsv1: (on) =>
      on
        ? "1: the message is compressed (permessage-deflate)."
        : "0: the message is not compressed.",
    rsv: (on) =>
      on
        ? "1: reserved, and no extension in use gives it a meaning: it must be 0."
        : "0: reserved; no extension in use gives it a meaning.",
    opcode: (code, name) =>
      `${code}: ${name}${
        code >= 8 ? ", a control frame" : code === 0 ? " of the message before" : ""
      }.`,
    mask: (on, dir) =>
      on
        ? "1: the payload is masked, as everything from a browser is."
        : dir === "out"
        ? "0: not masked, as nothing from a server is."
        : "0: not masked, though everything from a client must be.",
    length: (n) =>
      n < 126
        ? `${n}: so many bytes of payload.`
        : n === 126
        ? "126: the next 16 bits hold the length."
        : "127: the next 64 bits hold the length.",
    extended: (n) => `${number.format(n)}: so many bytes of payload.`,
    key: (hex) =>
      `${hex}: chosen at random by the browser for this frame. Octet i of the payload is XORed with octet i mod 4 of it.`,
    payload: (n) => `${bytes(n)} of payload.`,
  },
  whatIf: {
    cases: {
      unmasked: "What if a frame is not masked?",
      notUtf8: "What if a text is not UTF-8?",
      reserved: "What if a reserved bit is set?",
      tooBig: "What if a message is too big?",
      opcode: "What if an opcode is unknown?",
      fragmentedPing: "What if a ping is fragmented?",
      continuation: "What if a fragment continues nothing?",
      longForm: "What if a length is written too long?",
      closeCode: "What if a close says 1005?",
    },
    closed: (code, reason) => `The server closes with ${code}: “${reason}”.`,
    open: "The connection stays open.",
    failed: "The server could not be asked.",
  },
  compare: {
    title: "Compression",
    sent: "Below, every square is a bit. The server and the browser sent the right ones.",
    tried: (shorter) =>
      shorter
        ? "It was sent as on the left; below, every square is a bit. Deflated it would be as on the right."
        : "It was sent as on the left; below, every square is a bit. It is too short to gain by being deflated.",
    plain: "Plain",
    deflated: "Deflated",
    size: (n, percent) => `${bytes(n)}${percent === 100 ? "" : `, ${percent}%`}`,
    copies:
      "What is marked was not sent again: “so many bytes, from so far back” stands for it. The rest has shorter codes the more often it comes.",
  },
  meter: {
    name: "The last minute",
    messages: "messages/s",
    bytes: "bytes/s",
    roundTrip: "round trip, ms",
    chart: (name) => `${name}, the last minute`,
  },
};
