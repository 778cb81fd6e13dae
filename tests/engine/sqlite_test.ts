import { testEngine } from "../../lib/testing/mod.ts";
import { testSqlite } from "./sqlite_engine.ts";

testEngine({ name: "SqliteLog", test: Deno.test, create: testSqlite, survives: true, runs: 60 });
