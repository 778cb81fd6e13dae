/**
 * Settings of a server that need each other, or exclude each other; and those whose default depends on another.
 * @module
 */
import { type Config, publicNames } from "./config.ts";
import { ConfigError } from "./setting.ts";

/**
 * Looks whether settings go together.
 * @param config Each of them good by itself.
 * @param given Whether one was given, or is its default.
 * @returns Them, with the defaults that depend on others.
 * @throws {ConfigError} If two do not go together, or one lacks another.
 */
export function together(config: Config, given: (key: keyof Config) => boolean): Config {
  if (config.secret !== "" && config.jwks !== "") {
    throw new ConfigError("--secret and --jwks are two ways to verify tokens; give one of them");
  }
  if ((config.cert === "") !== (config.key === "")) {
    throw new ConfigError("--cert and --key need each other");
  }
  if (config.acme !== "" && config.cert !== "") {
    throw new ConfigError("--acme and --cert are two ways to a certificate; give one of them");
  }
  const secure = config.acme !== "" || config.cert !== "";
  if (config.httpPort !== "none" && !secure) {
    throw new ConfigError("--http-port needs --acme or --cert: it sends everybody to https");
  }
  if (config.port === "none" && config.unix === "") {
    throw new ConfigError("--port none needs --unix: it would listen nowhere");
  }
  if (config.port === "none" && secure) {
    const flag = config.cert === "" ? "--acme" : "--cert";
    throw new ConfigError(`${flag} needs a port: a Unix socket speaks no TLS`);
  }
  return config.acme === "" ? config : withAcme(config, given);
}

/** The settings of a server that has its certificate by ACME: where nothing else is said, the internet can reach it. */
function withAcme(config: Config, given: (key: keyof Config) => boolean): Config {
  if (publicNames(config.host).length === 0) {
    throw new ConfigError("--acme needs --host with each name that the certificate is to be for");
  }
  if (config.data === "") {
    throw new ConfigError("--acme needs --data: where the account and the certificates are kept");
  }
  const hostname = given("hostname") ? config.hostname : "::";
  const httpPort = given("httpPort") ? config.httpPort : 80;
  if (httpPort === "none") {
    throw new ConfigError("--acme needs --http-port: there the directory asks, at port 80");
  }
  return { ...config, hostname, httpPort };
}
