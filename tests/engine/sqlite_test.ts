import { engineSuite } from "./engine_suite.ts";
import { gapSuite } from "./gap_suite.ts";
import { limitsSuite } from "./limits_suite.ts";
import { restartSuite } from "./restart_suite.ts";
import { testSqlite } from "./sqlite_engine.ts";

engineSuite("SqliteLog", testSqlite);
limitsSuite("SqliteLog", testSqlite);
restartSuite("SqliteLog", testSqlite);
gapSuite("SqliteLog", testSqlite, 60);
