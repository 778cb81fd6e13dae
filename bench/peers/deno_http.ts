/** `Deno.serve` with an empty handler: what nothing that it serves can undercut. */
Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: (a) => console.log(`on :${a.port}/`) },
  () => new Response(),
);
