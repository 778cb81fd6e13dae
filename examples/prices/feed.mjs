// Publishes prices that walk by chance, four times a second: by Node, Deno or Bun.
const server = process.argv[2] ?? "http://127.0.0.1:9999/";
const prices = { btc: 64_000, eth: 3_400 };

for (;;) {
  // Both by one request, a line each.
  const lines = Object.entries(prices).map(([name, last]) => {
    const price = prices[name] = last * (1 + (Math.random() - 0.5) / 500);
    return JSON.stringify({ ch: `prices/${name}`, data: { price } });
  });
  const { ok, status } = await fetch(`${server}-/publish`, {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  if (!ok) throw new Error(`${server} answered ${status}`);
  await new Promise((resolve) => setTimeout(resolve, 250));
}
