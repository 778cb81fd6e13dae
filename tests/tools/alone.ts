/**
 * What a thread that is alone knows of others, for what is tested by itself.
 * @module
 */
import { setImmediate } from "node:timers";
import { systemTime } from "../../lib/backend/post.ts";
import { Bus } from "../../lib/hub/bus.ts";
import type { Hub } from "../../lib/hub/hub.ts";
import { Presence } from "../../lib/hub/presence.ts";
import { Connections } from "../../lib/service/connections.ts";
import { ownCounters } from "../../lib/service/tally.ts";
import { Webhooks } from "../../lib/service/webhooks.ts";
import { TestLog } from "./service.ts";

/** The bus, who is there, whose connections there are and whom to tell, of a hub that has no others. */
export function alone(hub: Hub) {
  const now = () => performance.now();
  const bus = new Bus("alone", undefined, now, () => {});
  const presence = new Presence(hub, bus, now, (what) => void setImmediate(what));
  const time = systemTime, log = new TestLog(), { row } = ownCounters();
  const webhooks = new Webhooks({ log, row, fetch, time, bus, presence });
  return { hub, bus, presence, webhooks, connections: new Connections(bus), ofToken: undefined };
}

/** What a subscription asks for that asks for nothing in particular. */
export const plainWishes = { latest: false, members: false, sender: undefined };
