/**
 * The engine's thread, and crashes when a test says so.
 * @module
 */
import "../../lib/engine/thread.ts";
import { crashWhenTold } from "./crash.ts";

crashWhenTold(import.meta.url);
