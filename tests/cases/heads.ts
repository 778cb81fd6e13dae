/**
 * Request heads that are refused (RFC 9112, 2 to 5).
 * @module
 */
import { join } from "../tools/raw.ts";
import { each, type Table } from "./case.ts";

/** The beginning of a good head. */
const H = "GET / HTTP/1.1\r\nHost: a\r\n";
const refused = (why: string) => [why, "end"];
const line = refused("400c request line is malformed");
const control = refused("400c control character in the head");
const cr = refused("400c CR within a line");
const lf = refused("400c line ends without CR");
const field = refused("400c header line is malformed");
const host = refused("400c Host is malformed");
const target = refused("400c request target is malformed");
const method = refused("501c method is not known");

/** What begins a request. */
export const requestLines: Table = {
  about: "request lines",
  cases: [
    ...each("a bare LF (RFC 9112, 2.2)", lf, [
      "GET / HTTP/1.1\nHost: a\r\n\r\n",
      "\nGET / HTTP/1.1\r\n",
    ]),
    ...each("a bare CR (RFC 9112, 2.2)", cr, [
      "GET / HTTP/1.1\rHost: a\r\n\r\n",
      "GET /\r HTTP/1.1\r\n",
      "\rGET / HTTP/1.1\r\n",
    ]),
    ...each("NUL, DEL or a tab", control, [
      "GET /\0 HTTP/1.1\r\n",
      "\0",
      "GET /\x7f HTTP/1.1\r\n",
      "GET\t/ HTTP/1.1\r\n",
      "GET /\tHTTP/1.1\r\n",
    ]),
    ...each("HTTP/0.9", line, ["GET /\r\n", "GET / \r\n\r\n"]),
    ...each(
      "another version (RFC 9110, 15.6.6)",
      refused("505c HTTP/1.1 and HTTP/1.0 are spoken here"),
      [
        "GET / HTTP/0.9\r\n",
        "GET / HTTP/1.2\r\n",
        "GET / HTTP/2.0\r\n",
        "GET / HTTP/3.0\r\n",
        "GET / HTTP/9.9\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      ],
    ),
    ...each("garbage", line, [
      "GET  / HTTP/1.1\r\n",
      "GET /  HTTP/1.1\r\n",
      " GET / HTTP/1.1\r\n",
      "GET / HTTP/1.1 \r\n",
      "GET / x HTTP/1.1\r\n",
      "GET / http/1.1\r\n",
      "GET / HTTP/1\r\n",
      "GET / HTTP/1.10\r\n",
      "GET / HTTP/01.1\r\n",
      "GET / HTTP/1.1;x\r\n",
      "GET / ICE/1.1\r\n",
      "GET\r\n",
      "x\r\n",
      "HTTP/1.1 200 OK\r\n",
      "G(T / HTTP/1.1\r\n",
      "G\u00c9T / HTTP/1.1\r\n",
    ]),
    ...each("another protocol", line, ["SSH-2.0-OpenSSH_9.9\r\n", "EHLO a\r\n", "*1\r\n"]),
    ["a TLS hello within", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), control],
    ...each("a method that is not known (RFC 9110, 15.6.2)", method, [
      "BREW / HTTP/1.1\r\n",
      "CONNECT a:80 HTTP/1.1\r\n",
      "PROPFIND / HTTP/1.1\r\n",
      "GETS / HTTP/1.1\r\n",
      "__proto__ / HTTP/1.1\r\n",
    ]),
    ...each("a method in lower case, which is another (RFC 9110, 9.1)", method, [
      "get / HTTP/1.1\r\n",
      "Get / HTTP/1.1\r\n",
    ]),
    ...each("a target in no form of RFC 9112, 3.2", target, [
      "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET ?x HTTP/1.1\r\nHost: a\r\n\r\n",
    ]),
    ...each("a fragment in the target (RFC 9112, 3.2)", target, [
      "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://a/#b HTTP/1.1\r\nHost: a\r\n\r\n",
    ]),
    ...each("bytes in the target that must be encoded (RFC 3986, 2)", target, [
      "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
      'GET /" HTTP/1.1\r\nHost: a\r\n\r\n',
      "GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n",
      join("GET /", Uint8Array.of(0xff), " HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]),
    ...each("two empty lines before the request", refused("400c empty lines before the request"), [
      "\r\n\r\nGET / HTTP/1.1\r\n",
      "\r\n\r\n\r\n",
    ]),
  ],
};

/** What follows. */
export const headerFields: Table = {
  about: "header fields",
  cases: [
    ...each("a bare LF (RFC 9112, 2.2)", lf, [
      "GET / HTTP/1.1\r\nHost: a\n\r\n",
      H + "\n",
      H + "X: a\nY: b\r\n\r\n",
    ]),
    ...each("a bare CR (RFC 9112, 2.2)", cr, [
      H + "X: a\rb\r\n\r\n",
      H + "X: a\r\r\n\r\n",
      H + "\r\r\n",
    ]),
    ...each("NUL and other controls (RFC 9110, 5.5)", control, [
      H + "X: a\0b\r\n",
      H + "X\0: a\r\n",
      H + "X: \x1b[31m\r\n",
      H + "X: \x07\r\n",
      H + "X: \x0b\r\n",
      H + "X: \x7f\r\n",
    ]),
    ...each("space before the colon (RFC 9112, 5.1)", field, [
      H + "X : a\r\n\r\n",
      H + "X\t: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      H + "Content-Length : 5\r\n\r\n",
    ]),
    ...each("space before the first header (RFC 9112, 2.2)", field, [
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      "GET / HTTP/1.1\r\n\tX: b\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
    ]),
    ...each("obs-fold (RFC 9112, 5.2)", field, [
      H + "X: a\r\n b\r\n\r\n",
      H + "X: a\r\n\tb\r\n\r\n",
    ]),
    ...each("a line without a name", field, [
      H + ": a\r\n\r\n",
      H + "nothing\r\n\r\n",
      H + "a b: c\r\n\r\n",
      H + "a(b): c\r\n\r\n",
      H + 'a"b: c\r\n\r\n',
      H + "caf\u00e9: c\r\n\r\n",
    ]),
    ...each("a missing Host (RFC 9112, 3.2)", refused("400c no Host"), [
      "GET / HTTP/1.1\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n",
    ]),
    ...each("more than one Host (RFC 9112, 3.2)", refused("400c more than one Host"), [
      H + "Host: a\r\n\r\n",
      H + "hOST: b\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
    ]),
    ...each("an impossible Host (RFC 9112, 3.2)", host, [
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: <x>\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
    ]),
  ],
};
