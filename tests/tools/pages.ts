/**
 * A web server for the pages of somebody else: an origin that is not Kodama's.
 * @module
 */

/** Where the pages are. */
export interface Pages extends AsyncDisposable {
  /** With a slash at its end. */
  url: string;
  /** As `--origin` takes it. */
  origin: string;
}

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

/**
 * Serves pages; it ends with its scope.
 * @param file The text at a path such as `/page.js`; `undefined` for none.
 */
export function servePages(
  file: (path: string, query: URLSearchParams) => string | undefined | Promise<string>,
): Pages {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const text = await file(path, searchParams);
    if (text === undefined) {
      return new Response(null, { status: path === "/favicon.ico" ? 204 : 404 });
    }
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "text/plain";
    return new Response(text, { headers: { "Content-Type": type } });
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { origin, url: `${origin}/`, [Symbol.asyncDispose]: () => server.shutdown() };
}
