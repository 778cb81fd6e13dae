/**
 * Settings that name apps of the Pusher protocol: the apps themselves, and hooks, which may be of one.
 * @module
 */
import {
  ConfigError,
  isWebURL,
  KindError,
  type Setting,
  split,
  textOf,
  textsOf,
} from "./setting.ts";

/** An app of the Pusher protocol, as it is set. */
export interface AppSetting {
  /** Names it in the paths of its HTTP API. */
  id: string;
  /** Names it to its clients. */
  key: string;
  /** Signs for it. */
  secret: string;
}

const APP = /^(?!apps?:)(\w[\w.-]{0,63}):([\w-]{1,64}):([!-+\x2d-~]{1,256})$/;

/** Apps of the Pusher protocol; what is not good is not shown: there may be a secret in it. */
export function apps(help: string): Setting<AppSetting[]> {
  const form = "APP_ID:KEY:SECRET";
  const read = (text: string): AppSetting => {
    const [, id, key, secret] = APP.exec(text) ?? [];
    if (secret === undefined) throw new ConfigError(`must be ${form}, without spaces or commas`);
    return { id: id!, key: key!, secret };
  };
  const different = (apps: AppSetting[]) => {
    for (const name of ["id", "key"] as const) {
      const names = new Set(apps.map((app) => app[name]));
      if (names.size < apps.length) throw new ConfigError(`has the same ${name} for two apps`);
    }
    return apps;
  };
  return {
    default: undefined,
    form,
    help,
    repeatable: true,
    parse: (values) => different(split(values).map(read)),
    check(value) {
      if (!Array.isArray(value)) throw new KindError(`a list of ${form}`, value);
      return different(value.map((app) => read(isApp(app) ? textOfApp(app) : textOf(app))));
    },
  };
}

function isApp(value: unknown): value is AppSetting {
  return typeof value === "object" && value !== null && "id" in value && "key" in value &&
    "secret" in value;
}

/** The same as it is typed; what has a colon where none can be is none. */
function textOfApp({ id, key, secret }: AppSetting): string {
  return `${id}${key}`.includes(":") ? "" : `${id}:${key}:${secret}`;
}

/** Where a hook goes, and of which app of the Pusher protocol it is, if of one: `APP_ID=URL`. */
export function hookOf(text: string): { app: string | undefined; url: string } {
  const [, app, url = text] = /^(\w[\w.-]*)=(.*)$/s.exec(text) ?? [];
  return { app, url };
}

/** Hooks, with spaces between them where they are in one value. */
export function hooks(form: string, help: string): Setting<string[]> {
  const good = (all: string[]) => {
    if (all.every((text) => isWebURL(hookOf(text).url))) return all;
    throw new ConfigError(
      "must be an http or https URL, or APP_ID=URL, or several with spaces between them",
    );
  };
  return {
    default: undefined,
    form,
    help,
    repeatable: true,
    parse: (values) => good(values.flatMap((v) => v.split(/\s+/)).filter((text) => text !== "")),
    check: (value) => good(textsOf(value)),
  };
}
