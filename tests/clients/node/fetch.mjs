/** Node's own `fetch`. */
import { say, urls } from "./check.mjs";
import { fetchChecks } from "./fetch_checks.mjs";

say(`version ${process.versions.node}`);
await fetchChecks(fetch, urls[0]);
