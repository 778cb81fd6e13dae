/**
 * A log in NATS, from the settings.
 * @module
 */
import type { EngineSettings, Say } from "../open.ts";
import { readCreds } from "./connect.ts";
import { NatsLog } from "./log.ts";

/**
 * Begins to connect. That NATS is not there is no reason not to begin.
 * @throws {NatsError} If the credentials cannot be read.
 */
export function openNats(settings: EngineSettings, say: Say): NatsLog {
  const { engine, natsCreds, natsStream, natsReplicas, historyAge, historyBytes, maxMessage } =
    settings;
  if (natsCreds !== "") readCreds(natsCreds);
  return new NatsLog({
    engine,
    creds: natsCreds,
    stream: natsStream,
    replicas: natsReplicas,
    historyAge,
    historyBytes,
    said: say,
    room(most) {
      if (most < maxMessage) {
        say(
          `NATS takes messages of at most ${most} bytes, less than --max-message: see max_payload`,
        );
      }
    },
  });
}
