/** https://bun.com/docs/api/fetch: Bun's own `fetch` */
import { say, urls } from "../node/check.mjs";
import { fetchChecks } from "../node/fetch_checks.mjs";

say(`version ${Bun.version}`);
await fetchChecks(fetch, urls[0]);
