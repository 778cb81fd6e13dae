/**
 * The Pusher protocol, where there are apps that speak it: what it needs of the service.
 * @module
 */
import type { Rights } from "../auth/auth.ts";
import type { Draft } from "../hub/message.ts";
import type { Request } from "../net/connection.ts";
import { appsOf } from "../pusher/app.ts";
import type { Pusher } from "../pusher/pusher.ts";
import { hookOf } from "../settings/apps.ts";
import { publishAdmitted, type Sender } from "./hooks.ts";
import type { RouteContext } from "./routes.ts";
import { shuttingDown, unavailable } from "./request.ts";

/** Gives who answers for the apps; `undefined` where there are none. */
export function pusherRoutes(context: RouteContext): (() => Promise<Pusher>) | undefined {
  if (context.config.pusher.length === 0) return undefined;
  // What signs is loaded where there is something to sign, and before anybody asks.
  const loaded = open(context);
  return () => loaded;
}

async function open(context: RouteContext): Promise<Pusher> {
  const { config, authorize, forms, draining, webhooks } = context;
  const { createPusher } = await import("../pusher/pusher.ts");
  const { tellApps, tellChange, webhook } = await import("../pusher/hook.ts");
  const apps = appsOf(config);
  const hooks = config.hook.map(hookOf).flatMap(({ app: id, url }) => {
    const app = apps.find((app) => app.id === id);
    if (app === undefined) return [];
    const form = (events: string) => webhook(app, events, Date.now());
    return [{ app, queue: webhooks.add({ url, form }) }];
  });
  if (hooks.length > 0) webhooks.follow((change) => tellChange(hooks, change));
  const told = hooks.length === 0 ? undefined : tellApps(hooks);
  const { hub, admit } = context, plain = (draft: Draft) => hub.publish(draft);
  // Nothing holds on to a request where nobody asks for it.
  const publisher = (request: Request, rights: Rights) =>
    admit === undefined ? plain : (draft: Draft) => {
      const sender: Sender = { way: "pusher", request, rights, name: draft.sender };
      return publishAdmitted(context, draft, undefined, sender);
    };
  const asked = admit !== undefined;
  const own = {
    ...context,
    publisher,
    asked,
    forms: (bits: number) => forms("pusher", bits),
    told,
  };
  const counts = config.pusherCounts === "on";
  const { client, api } = createPusher(apps, { ...own, counts }, authorize);
  return {
    client,
    async api(path, request) {
      if (draining()) throw shuttingDown();
      try {
        return await api(path, request);
      } catch (error) {
        throw unavailable(error);
      }
    },
  };
}
