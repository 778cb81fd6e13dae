/**
 * A thread that serves, and crashes when a test says so.
 * @module
 */
import "../../lib/service/worker.ts";
import { crashWhenTold } from "./crash.ts";

crashWhenTold(import.meta.url);
