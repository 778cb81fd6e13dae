/**
 * The page and what it needs, embedded in the program.
 * @module
 */
import { createHash } from "node:crypto";
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import type { Reply } from "../http/response.ts";
import { assets as files, page } from "../../static/files.ts";

/** One file, ready to be sent. */
interface Asset {
  body: Uint8Array;
  headers: [name: string, value: string][];
  etag: string;
}

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  ts: "application/typescript; charset=utf-8",
};

/** No inline script or style, nothing from elsewhere, no frame around it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

function asset(name: string, text: string): Asset {
  const body = new TextEncoder().encode(text);
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  const headers: Asset["headers"] = [
    ["Content-Type", types[name.slice(name.lastIndexOf(".") + 1)]!],
    ["ETag", etag],
    ["Cache-Control", "no-cache"],
    ["X-Content-Type-Options", "nosniff"],
    ["Content-Security-Policy", policy],
    ["Referrer-Policy", "no-referrer"],
  ];
  return { body, headers, etag };
}

const index = asset("index.html", page);
const assets = new Map(
  Object.entries(files).map(([name, text]) => {
    const file = asset(name, text);
    // Pages of other origins may import the client: a module is fetched with CORS.
    if (name.startsWith("kodama.")) file.headers.push(["Access-Control-Allow-Origin", "*"]);
    return [name, file];
  }),
);

function send(asset: Asset, request: Head): Reply {
  // RFC 9110, 13.1.2: `*`, or a list compared weakly.
  const known = request.headers.get("if-none-match")?.split(",").map((t) => t.trim()) ?? [];
  if (known.some((t) => t === "*" || t.replace(/^W\//, "") === asset.etag)) {
    return { status: 304, headers: asset.headers };
  }
  return { status: 200, headers: asset.headers, body: asset.body };
}

/** The client page. */
export function pageReply(request: Head): Reply {
  return send(index, request);
}

/**
 * A file below `/-/assets/`.
 * @param name Its name, decoded: nothing but the names of the files there are is looked up.
 * @throws {HttpError} 404 for any other name.
 */
export function assetReply(name: string, request: Head): Reply {
  const found = assets.get(name);
  if (found === undefined) throw new HttpError(404, "no such asset");
  return send(found, request);
}
