/**
 * A file system of a size of its own, where the system lets a test have one.
 * @module
 */

/** A small disk. */
export interface SmallDisk extends AsyncDisposable {
  /** Where it is. */
  folder: string;
  /** Makes it larger, or read-only. */
  remount(options: string): Promise<void>;
}

async function command(name: string, ...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(name, { args, stderr: "null", stdout: "null" })
    .output().catch(() => ({ success: false }));
  return success;
}

/** A disk of this size, such as `1m`; `undefined` where nothing can be mounted. */
export async function smallDisk(size: string): Promise<SmallDisk | undefined> {
  const folder = await Deno.makeTempDir();
  if (!await command("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder)) {
    await Deno.remove(folder);
    return undefined;
  }
  return {
    folder,
    async remount(options) {
      if (await command("mount", "-o", `remount,${options}`, folder)) return;
      throw new Error(`cannot remount ${folder} with ${options}`);
    },
    async [Symbol.asyncDispose]() {
      await command("umount", "-l", folder);
      await Deno.remove(folder);
    },
  };
}

/** Whether this system lets a test mount something. */
export const canMount: boolean = await (async () => {
  const disk = await smallDisk("64k");
  await disk?.[Symbol.asyncDispose]();
  return disk !== undefined;
})();
