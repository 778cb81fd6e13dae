/** `Deno.serve` with a function that says `ok`. */
Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: (a) => console.log(`on :${a.port}/`) },
  () => new Response("ok"),
);
