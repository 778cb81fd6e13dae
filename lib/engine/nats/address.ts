/**
 * Where NATS is, as `--engine` names it: `nats://[user:password@]host[:port][,host…]`, or `tls://…`.
 * @module
 */

/** Where NATS is, and as whom one comes. */
export interface NatsAddress {
  /** `host[:port]` of each server. */
  servers: string[];
  /** Whether it is spoken to by TLS only. */
  tls: boolean;
  /** Who comes, where that is in the URL: a user with a password, or a token. */
  identity: { user: string; pass: string } | { token: string } | undefined;
}

/** Reads what `--engine` says; `undefined` where an engine is another. */
export function natsAddress(engine: string): NatsAddress | undefined {
  const [, scheme, userinfo, hosts] = /^(nats|tls):\/\/(?:(.*)@)?([^@]+)$/.exec(engine) ?? [];
  if (hosts === undefined) return undefined;
  return { servers: hosts.split(","), tls: scheme === "tls", identity: identityOf(userinfo) };
}

/** What `--engine` says, as it may be shown: without who comes. */
export function withoutSecrets(engine: string): string {
  return engine.replace(/^(nats|tls):\/\/.*@/, "$1://");
}

function identityOf(userinfo: string | undefined): NatsAddress["identity"] {
  if (userinfo === undefined) return undefined;
  const [user, ...pass] = userinfo.split(":");
  if (pass.length === 0) return { token: decode(user!) };
  return { user: decode(user!), pass: decode(pass.join(":")) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    return text;
  }
}
