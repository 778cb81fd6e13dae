/**
 * Settings of a server that need each other, or exclude each other; and those whose default depends on another.
 * @module
 */
import { type Config, publicNames } from "./config.ts";
import { flagName } from "./flags.ts";
import { hookOf } from "./apps.ts";
import { ConfigError } from "./setting.ts";

/** A setting, as whoever gives it knows it. */
type Called = (key: keyof Config) => string;

const asFlag: Called = (key) => `--${flagName(key)}`;

/**
 * Looks whether settings go together.
 * @param config Each of them good by itself.
 * @param given Whether one was given, or is its default.
 * @param called What one is called where something is said of it: its flag, by default.
 * @returns Them, with the defaults that depend on others.
 * @throws {ConfigError} If two do not go together, or one lacks another.
 */
export function together(
  config: Config,
  given: (key: keyof Config) => boolean,
  called: Called = asFlag,
): Config {
  if (config.secret !== "" && config.jwks !== "") {
    throw new ConfigError(
      `${called("secret")} and ${called("jwks")} are two ways to verify tokens; give one of them`,
    );
  }
  if (config.authorize !== "" && config.origin.includes("*")) {
    throw new ConfigError(
      `${called("authorize")} and ${
        called("origin")
      } * do not go together: any page could come with ` +
        "what its visitors' cookies allow; name the origins",
    );
  }
  if ((config.cert === "") !== (config.key === "")) {
    throw new ConfigError(`${called("cert")} and ${called("key")} need each other`);
  }
  if (config.acme !== "" && config.cert !== "") {
    throw new ConfigError(
      `${called("acme")} and ${called("cert")} are two ways to a certificate; give one of them`,
    );
  }
  const secure = config.acme !== "" || config.cert !== "";
  if (config.httpPort !== "none" && !secure) {
    const either = `${called("acme")} or ${called("cert")}`;
    throw new ConfigError(`${called("httpPort")} needs ${either}: it sends everybody to https`);
  }
  for (const { app } of config.hook.map(hookOf)) {
    if (app === undefined || config.pusher.some(({ id }) => id === app)) continue;
    const missing = `${called("pusher")} with an app of this id`;
    throw new ConfigError(`${called("hook")} ${app}=… needs ${missing}`);
  }
  if (config.port === "none" && config.unix === "") {
    throw new ConfigError(
      `${called("port")} none needs ${called("unix")}: it would listen nowhere`,
    );
  }
  if (config.port === "none" && secure) {
    const why = called(config.cert === "" ? "acme" : "cert");
    throw new ConfigError(`${why} needs a port: a Unix socket speaks no TLS`);
  }
  return config.acme === "" ? config : withAcme(config, given, called);
}

/** The settings of a server that has its certificate by ACME: where nothing else is said, the internet can reach it. */
function withAcme(
  config: Config,
  given: (key: keyof Config) => boolean,
  called: Called,
): Config {
  const acme = called("acme");
  if (publicNames(config.host).length === 0) {
    throw new ConfigError(
      `${acme} needs ${called("host")} with each name that the certificate is to be for`,
    );
  }
  if (config.data === "") {
    throw new ConfigError(
      `${acme} needs ${called("data")}: where the account and the certificates are kept`,
    );
  }
  const hostname = given("hostname") ? config.hostname : "::";
  const httpPort = given("httpPort") ? config.httpPort : 80;
  if (httpPort === "none") {
    throw new ConfigError(
      `${acme} needs ${called("httpPort")}: there the directory asks, at port 80`,
    );
  }
  return { ...config, hostname, httpPort };
}
