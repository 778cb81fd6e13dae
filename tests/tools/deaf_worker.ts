/**
 * A thread that serves, and crashes when a test says so; it cannot listen while a file is there.
 * @module
 */
import "./deaf.ts";
import "../../lib/service/worker.ts";
import { crashWhenTold } from "./crash.ts";

crashWhenTold(import.meta.url);
