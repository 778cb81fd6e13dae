/**
 * What programs are built and run with: what must be there, how everything is fetched and built once, and the
 * command that runs one. Nothing is written outside of this checkout.
 * @module
 */

const here = new URL(".", import.meta.url).pathname;
/** What is fetched and built; git ignores it. */
const built = new URL("../../.clients", import.meta.url).pathname;

/** The names of all toolchains. */
export type ToolchainName = keyof typeof toolchains;

/** One toolchain. */
export interface Toolchain {
  /** What must be there, in words. */
  needs: string;
  /** Commands that succeed where it is. */
  probes: string[][];
  /** The command that says its version, and where in what it says. */
  version: [command: string[], where: RegExp];
  /** Commands that fetch and build, one after the other. */
  prepare: string[][];
  /** Where versions are pinned; nowhere, where programs use what the machine has. */
  pins?: string;
  /** What runs a program. */
  command(program: string): string[];
  /** Added to the environment of all of them. */
  env: Record<string, string>;
}

// What is installed runs no scripts of its own.
const npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", `${built}/npm`];
const node20 = ["node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"];
const bun = `${here}bun/node_modules/.bin/bun`;

const toolchains = {
  Python: {
    needs: "Python 3.9 with pip and venv",
    probes: [["python3", "-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))"]],
    version: [["python3", "--version"], /Python (\S+)/],
    prepare: [
      ["python3", "-m", "venv", `${built}/python`],
      [`${built}/python/bin/pip`, "install", "-q", "-r", "requirements.txt"],
    ],
    pins: "python/requirements.txt",
    command: (program) => [`${built}/python/bin/python`, program],
    env: { PIP_CACHE_DIR: `${built}/pip`, PYTHONDONTWRITEBYTECODE: "1" },
  },
  Go: {
    needs: "Go 1.23",
    probes: [["go", "version"]],
    version: [["go", "version"], /go(\d\S*)/],
    // With a trailing slash a folder: each program is a file in it.
    prepare: [["go", "build", "-mod=readonly", "-o", `${built}/go/bin/`, "./..."]],
    pins: "go/go.mod",
    command: (program) => [`${built}/go/bin/${program}`],
    env: {
      GOMODCACHE: `${built}/go/mod`,
      GOCACHE: `${built}/go/cache`,
      // No C compiler is needed.
      CGO_ENABLED: "0",
      // So that the folder can be deleted.
      GOFLAGS: "-modcacherw -buildvcs=false",
    },
  },
  Rust: {
    needs: "Cargo",
    probes: [["cargo", "--version"]],
    version: [["rustc", "--version"], /rustc (\S+)/],
    prepare: [["cargo", "build", "-q", "--locked"]],
    pins: "rust/Cargo.toml",
    command: (program) => [`${built}/rust/debug/${program}`],
    env: { CARGO_HOME: `${built}/cargo`, CARGO_TARGET_DIR: `${built}/rust` },
  },
  Java: {
    needs: "a JDK from 17 on, and Maven",
    probes: [["javac", "--release", "17", "--version"], ["mvn", "--version"]],
    version: [["java", "--version"], /^\S+ (\S+)/],
    prepare: [
      ["mvn", "-q", "-B", `-Dmaven.repo.local=${built}/maven`, `-Dclients.build=${built}/java`]
        .concat("compile", "dependency:copy-dependencies"),
    ],
    pins: "java/pom.xml",
    command: (
      program,
    ) => ["java", "-cp", `${built}/java/classes:${built}/java/dependency/*`, program],
    env: {},
  },
  Node: {
    needs: "Node 20 and npm",
    probes: [node20, ["npm", "--version"]],
    version: [["node", "--version"], /v(\S+)/],
    prepare: [npm],
    pins: "node/package.json",
    command: (program) => ["node", program],
    env: {},
  },
  Bun: {
    needs: "Node 20 and npm, which has Bun as a package",
    probes: [node20, ["npm", "--version"]],
    version: [[bun, "--version"], /(\S+)/],
    prepare: [npm, ["node", "node_modules/bun/install.js"]],
    pins: "bun/package.json",
    command: (program) => [bun, program],
    env: {},
  },
  Perl: {
    needs: "Perl 5.36 with Mojolicious (Debian's libmojolicious-perl)",
    probes: [["perl", "-Mv5.36", "-MMojolicious", "-e", "1"]],
    version: [["perl", "-e", "print $^V"], /v(\S+)/],
    prepare: [],
    command: (program) => ["perl", program],
    env: {},
  },
  curl: {
    needs: "curl and bash",
    probes: [["curl", "--version"], ["bash", "--version"]],
    version: [["curl", "--version"], /curl (\S+)/],
    prepare: [],
    command: (program) => ["bash", program],
    env: {},
  },
} satisfies Record<string, Toolchain>;

/** All toolchains by name. */
export const TOOLCHAINS: Record<ToolchainName, Toolchain> = toolchains;

/** The folder of a toolchain's programs. */
export function folderOf(name: ToolchainName): string {
  return here + name.toLowerCase();
}

/** A command of a toolchain, in its folder. */
export function commandOf(name: ToolchainName, [file, ...args]: string[]): Deno.Command {
  return new Deno.Command(file!, {
    args,
    cwd: folderOf(name),
    env: TOOLCHAINS[name].env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command of a toolchain. Returns what it says, or `undefined` where there is no such command or it fails. */
async function ask(name: ToolchainName, command: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await commandOf(name, command).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether a toolchain is there. */
export async function isThere(name: ToolchainName): Promise<boolean> {
  const said = await Promise.all(TOOLCHAINS[name].probes.map((probe) => ask(name, probe)));
  return said.every((text) => text !== undefined);
}

/**
 * Fetches and builds.
 * @returns The version of what programs run on.
 * @throws {Error} If a command fails, with what it said last.
 */
export async function prepare(name: ToolchainName): Promise<string> {
  const { prepare, version: [command, where] } = TOOLCHAINS[name];
  for (const step of prepare) {
    const { success, stdout, stderr } = await commandOf(name, step).output();
    if (success) continue;
    const decoder = new TextDecoder();
    const said = (decoder.decode(stdout) + decoder.decode(stderr)).trim().slice(-2000);
    throw new Error(`${step.join(" ")}:\n${said}`);
  }
  const version = where.exec(await ask(name, command) ?? "")?.[1];
  if (version === undefined) throw new Error(`${command.join(" ")} says no version`);
  return version;
}
